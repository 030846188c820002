package org.rpcward.proxy.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.EndpointState;
import org.rpcward.proxy.backend.Portmapper;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/**
 * Asks the backend itself for each lookup, with one question in flight for all who ask the same, and remembers the
 * answer: a port for as long as {@code fresh}; that there is none, or that no answer came, for as long as {@code
 * retry}. Only what the mirror shows is asked for, since each question for an absent program costs rpcbind memory for
 * good. Lists come from the mirror, and so do lookups while the backend does not answer.
 */
public final class ForwardDirectory implements Directory {
    /** How many rows have their answer remembered: as many as are ever read from a registry. */
    private static final int REMEMBERED = 20_000;

    private final BackendPolicy policy;
    private final MirrorDirectory mirror;
    private final Portmapper portmapper;
    private final CacheObserver cache;
    private final Cache<Mapping, Remembered> ports;

    /** Who waits for which row; only used on the backend's event loop. */
    private final Map<Mapping, List<Asker>> inFlight = new HashMap<>();

    /** How many wait, for all rows together; only used there too. */
    private int waiting;

    /**
     * A port that answers for a while.
     *
     * @param told whether the backend said it; it is the mirror's when the backend did not answer
     */
    private record Remembered(int port, boolean told) {}

    private record Asker(EventExecutor executor, Consumer<Answer> then) {
        void answer(Answer answer) {
            Handing.over(executor, () -> then.accept(answer));
        }
    }

    public ForwardDirectory(
            BackendPolicy policy,
            MirrorDirectory mirror,
            Portmapper portmapper,
            LongSupplier nanoClock,
            CacheObserver cache) {
        this.cache = cache;
        this.policy = policy;
        this.mirror = mirror;
        this.portmapper = portmapper;
        this.ports = Caffeine.newBuilder()
                .maximumSize(REMEMBERED)
                .expireAfter(Expiry.<Mapping, Remembered>creating((row, remembered) -> lifetime(remembered)))
                .ticker(nanoClock::getAsLong)
                .executor(Runnable::run)
                .recordStats()
                .build();
    }

    private Duration lifetime(Remembered remembered) {
        return remembered.told() && remembered.port() != 0 ? policy.fresh() : policy.retry();
    }

    @Override
    public void list(EventExecutor executor, Consumer<@Nullable Registry> then) {
        mirror.list(executor, then);
    }

    @Override
    public @Nullable Answer find(
            Question question, RowFilter shown, long now, EventExecutor executor, Consumer<Answer> then) {
        Asker asker = new Asker(executor, then);
        Answer known = mirror.find(question, shown, now, executor, read -> {
            Answer answer = found(question, read, asker);
            if (answer != null) {
                then.accept(answer);
            }
        });
        return known == null ? null : found(question, known, asker);
    }

    /**
     * What is found in the mirror, the backend is asked for.
     *
     * @return the answer, or null if the asker will hear it
     */
    private @Nullable Answer found(Question question, Answer known, Asker asker) {
        boolean ask = question.kind() != Question.Kind.FAMILY
                && !known.rows().isEmpty()
                && canAsk(known.rows().get(0));
        return ask ? ask(known.rows().get(0), asker) : known;
    }

    @Override
    public Answer recall(Question question, RowFilter shown) {
        Answer known = mirror.recall(question, shown);
        Remembered told =
                known.rows().isEmpty() ? null : ports.getIfPresent(known.rows().get(0));
        return told == null || question.kind() == Question.Kind.FAMILY
                ? known
                : answer(known.rows().get(0), told.port());
    }

    @Override
    public @Nullable Registry recallAll() {
        return mirror.recallAll();
    }

    @Override
    public int waiting() {
        return waiting + mirror.waiting();
    }

    /** The portmapper itself is rpcward, a pin is the policy's word, and an IPv4 backend cannot be asked for IPv6. */
    private boolean canAsk(Mapping row) {
        boolean local = row.program() == Procedure.PROGRAM || Registry.isPinned(row, mirror.overlay());
        return !local && row.known() != null && (row.known().isV4() || portmapper.knowsV6());
    }

    private @Nullable Answer ask(Mapping row, Asker asker) {
        Remembered known = ports.getIfPresent(row);
        if (known != null) {
            asked(known.told() ? CacheObserver.Result.HIT : CacheObserver.Result.STALE);
            return answer(row, known.port());
        }
        try {
            portmapper.loop().execute(() -> askBackend(row, asker));
            return null;
        } catch (RejectedExecutionException closing) {
            return Answer.of(List.of(row));
        }
    }

    private void askBackend(Mapping row, Asker asker) {
        // Whoever asked the same a moment earlier may have had the answer meanwhile.
        Remembered known = ports.getIfPresent(row);
        if (known != null) {
            asked(CacheObserver.Result.COALESCED);
            asker.answer(answer(row, known.port()));
            return;
        }
        List<Asker> others = inFlight.get(row);
        if (waiting >= MirrorDirectory.MAX_WAITING) {
            asked(CacheObserver.Result.BYPASS);
            asker.answer(answer(row, row.port()));
            return;
        }
        waiting++;
        if (others != null) {
            asked(CacheObserver.Result.COALESCED);
            others.add(asker);
            return;
        }
        asked(CacheObserver.Result.MISS);
        List<Asker> askers = new ArrayList<>(1);
        askers.add(asker);
        inFlight.put(row, askers);
        Netid netid = Objects.requireNonNull(row.known());
        try {
            portmapper.port(row.program(), row.version(), netid, netid.transport(), result -> done(row, result));
        } catch (RuntimeException | Error mistake) {
            // Told by the event loop. Else nobody would ever ask for this row again.
            done(row, new BackendResult<>(BackendResult.Status.UNREACHABLE, null));
            throw mistake;
        }
    }

    private void asked(CacheObserver.Result result) {
        cache.asked(CacheObserver.Cache.FORWARD, result);
    }

    /** How many answers are remembered. */
    public long remembered() {
        return ports.estimatedSize();
    }

    /** How many answers were forgotten, because they were old or for want of room. */
    public long forgotten() {
        return ports.stats().evictionCount();
    }

    private void done(Mapping row, BackendResult<Integer> result) {
        Integer told = result.value();
        int port = told == null ? row.port() : told;
        ports.put(row, new Remembered(port, told != null));
        if (port != row.port()) {
            mirror.refresh();
        }
        Answer answer = answer(row, port);
        List<Asker> askers = inFlight.remove(row);
        if (askers != null) {
            waiting -= askers.size();
            askers.forEach(a -> a.answer(answer));
        }
    }

    private static Answer answer(Mapping row, int port) {
        return port == 0 ? Answer.ABSENT : Answer.of(List.of(port == row.port() ? row : row.withPort(port)));
    }

    @Override
    public void start() {
        mirror.start();
    }

    @Override
    public boolean isAnswering() {
        return mirror.isAnswering();
    }

    @Override
    public boolean isUsable() {
        return mirror.isUsable();
    }

    @Override
    public List<EndpointState> endpoints() {
        return mirror.endpoints();
    }

    @Override
    public boolean drain(@Nullable String endpoint, boolean drained) {
        return mirror.drain(endpoint, drained);
    }

    @Override
    public RegistryStore.@Nullable Kept known() {
        return mirror.known();
    }

    @Override
    public @Nullable MirrorState mirror() {
        return mirror.mirror();
    }

    @Override
    public void close() {
        mirror.close();
    }
}

package org.rpcward.proxy.registry;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.backend.BackendObserver;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.Deviation;
import org.rpcward.proxy.backend.EndpointState;
import org.rpcward.proxy.backend.Portmapper;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.rpcbind.Mapping;

/*
 * The copy is an immutable state in one volatile field: whoever finds what it wants there, and finds it young enough,
 * has its answer without waiting for anybody. Everything else is done on the backend's event loop, with one reading of
 * the registry at a time, however many wait for it:
 *
 *   - the copy is older than `fresh`: wait for a reading;
 *   - nothing was found: wait for a reading that is under way, or begin one unless the last began less than `retry` ago,
 *     so that a service that registered a moment ago is found, and a walk through unknown numbers costs the backend one
 *     question a `retry`;
 *   - the copy has three quarters of the age `fresh`: begin a reading and answer from the copy; steady traffic never waits;
 *   - the last reading failed: answer from the copy for as long as `stale`, and try again meanwhile.
 *
 * What a filter hides is not found, by the same comparison as what is absent, and so takes the same path and time.
 *
 * Without traffic the registry is still read now and then, to tell what changed in it, and every `retry` while the backend
 * does not answer, to know when it is back.
 */
/** A copy of a backend's registry, read by DUMP. */
public final class MirrorDirectory implements Directory {
    /** Askers beyond these are answered from what is known, without waiting. */
    public static final int MAX_WAITING = 8_192;

    /** How often the registry is read while nobody asks. */
    private static final Duration UNASKED = Duration.ofMinutes(1);

    private final BackendPolicy policy;
    private final Portmapper portmapper;
    private final LongSupplier nanoClock;
    private final BackendObserver observer;
    private final CacheObserver cache;
    private final RegistryStore store;
    private final List<BackendPolicy.Row> overlay;
    private final long freshNanos;
    private final long aheadNanos;
    private final long staleNanos;
    private final long retryNanos;

    // Only used on the backend's event loop.
    private final List<Waiting> waiting = new ArrayList<>();
    private List<Deviation> deviations = List.of();
    private @Nullable Future<?> timer;

    private volatile State state;
    private volatile boolean answering;

    /**
     * What is known at one time.
     *
     * @param registry null until the first reading has ended well
     * @param rows the backend's own words, of which the registry was made
     * @param readAt when that reading ended, in nanoseconds
     * @param askedAt when the last reading began
     * @param healthy whether the last reading ended well
     * @param reading whether one is under way
     */
    private record State(
            @Nullable Registry registry,
            List<Mapping> rows,
            long readAt,
            long askedAt,
            boolean healthy,
            boolean reading) {
        State withReading(long now) {
            return new State(registry, rows, readAt, now, healthy, true);
        }

        State withFailure() {
            return new State(registry, rows, readAt, askedAt, false, false);
        }
    }

    /** Somebody who waits for the next reading to end. */
    private record Waiting(EventExecutor executor, Consumer<@Nullable Registry> then) {
        void answer(@Nullable Registry registry) {
            Handing.over(executor, () -> then.accept(registry));
        }
    }

    public MirrorDirectory(
            BackendPolicy policy,
            Portmapper portmapper,
            LongSupplier nanoClock,
            BackendObserver observer,
            CacheObserver cache,
            RegistryStore store) {
        this.cache = cache;
        this.policy = policy;
        this.portmapper = portmapper;
        this.nanoClock = nanoClock;
        this.observer = observer;
        this.store = store;
        this.overlay = overlay(policy);
        this.freshNanos = policy.fresh().toNanos();
        this.aheadNanos = freshNanos - freshNanos / 4;
        this.staleNanos = policy.stale().toNanos();
        this.retryNanos = policy.retry().toNanos();
        long now = nanoClock.getAsLong();
        RegistryStore.Kept kept = store.load(policy);
        this.state = kept == null
                ? new State(null, List.of(), now, now - retryNanos, true, false)
                : new State(
                        Registry.of(kept.rows(), overlay),
                        kept.rows(),
                        now - kept.age().toNanos(),
                        now - retryNanos,
                        true,
                        false);
    }

    /** Pins, and what is served as expected whatever the backend says. */
    private static List<BackendPolicy.Row> overlay(BackendPolicy policy) {
        List<BackendPolicy.Row> overlay = new ArrayList<>(policy.pins());
        policy.expected().stream().filter(e -> e.serve()).forEach(e -> overlay.add(e.row()));
        return overlay;
    }

    /** The rows that lie over what the backend says. */
    List<BackendPolicy.Row> overlay() {
        return overlay;
    }

    /** Begins to read the registry from time to time. */
    @Override
    public void start() {
        onBackendLoop(this::tick, () -> {});
    }

    @Override
    public boolean isAnswering() {
        return answering;
    }

    @Override
    public boolean isUsable() {
        return knownRegistry() != null;
    }

    @Override
    public List<EndpointState> endpoints() {
        return portmapper.endpoints();
    }

    @Override
    public boolean drain(@Nullable String endpoint, boolean drained) {
        return portmapper.drain(endpoint, drained);
    }

    @Override
    public RegistryStore.@Nullable Kept known() {
        State now = state;
        return now.registry() == null
                ? null
                : new RegistryStore.Kept(now.rows(), Duration.ofNanos(nanoClock.getAsLong() - now.readAt()));
    }

    @Override
    public MirrorState mirror() {
        State now = state;
        if (now.registry() == null) {
            return new MirrorState(MirrorState.Freshness.EMPTY, 0, null, null);
        }
        Duration age = Duration.ofNanos(nanoClock.getAsLong() - now.readAt());
        return new MirrorState(freshness(now, age.toNanos()), now.rows().size(), age, portmapper.lastReading());
    }

    private MirrorState.Freshness freshness(State now, long age) {
        if (age >= longestNanos()) {
            return MirrorState.Freshness.EXPIRED;
        }
        if (!now.healthy()) {
            return MirrorState.Freshness.STALE;
        }
        return age < freshNanos ? MirrorState.Freshness.FRESH : MirrorState.Freshness.AGED;
    }

    @Override
    public @Nullable Answer find(
            Question question, RowFilter shown, long now, EventExecutor executor, Consumer<Answer> then) {
        State known = state;
        Registry registry = usable(known, now);
        if (registry != null) {
            List<Mapping> rows = registry.select(question, shown);
            boolean wait = rows.isEmpty() && known.healthy() && (known.reading() || mayRead(known, now));
            if (!wait) {
                readAhead(known, now);
                hit(known);
                return Answer.of(rows);
            }
        }
        join(
                executor,
                read -> then.accept(read == null ? Answer.UNAVAILABLE : Answer.of(read.select(question, shown))));
        return null;
    }

    @Override
    public void list(EventExecutor executor, Consumer<@Nullable Registry> then) {
        State known = state;
        long now = nanoClock.getAsLong();
        Registry registry = usable(known, now);
        if (registry == null) {
            join(executor, then);
        } else {
            readAhead(known, now);
            hit(known);
            then.accept(registry);
        }
    }

    @Override
    public Answer recall(Question question, RowFilter shown) {
        Registry registry = knownRegistry();
        return registry == null ? Answer.UNAVAILABLE : Answer.of(registry.select(question, shown));
    }

    @Override
    public @Nullable Registry recallAll() {
        return knownRegistry();
    }

    @Override
    public int waiting() {
        return waiting.size();
    }

    private void hit(State known) {
        cache.asked(
                CacheObserver.Cache.MIRROR, known.healthy() ? CacheObserver.Result.HIT : CacheObserver.Result.STALE);
    }

    /**
     * The copy, when it can be answered from without waiting: while the backend answers until it is no longer fresh, when
     * the backend does not until it is stale.
     */
    private @Nullable Registry usable(State known, long now) {
        return now - known.readAt() < (known.healthy() ? freshNanos : staleNanos) ? known.registry() : null;
    }

    private boolean mayRead(State known, long now) {
        return now - known.askedAt() >= retryNanos;
    }

    // Several workers may find at the same time that a reading is due. By the turn of the last of them that reading may
    // have
    // ended, so the backend's loop looks again.

    private void readAhead(State known, long now) {
        if (isDueAhead(known, now)) {
            onBackendLoop(
                    () -> {
                        if (isDueAhead(state, nanoClock.getAsLong())) {
                            read();
                        }
                    },
                    () -> {});
        }
    }

    private boolean isDueAhead(State known, long now) {
        return now - known.readAt() >= aheadNanos && !known.reading() && mayRead(known, now);
    }

    /** Reads the registry now, unless that is under way, or was less than {@code retry} ago. */
    public void refresh() {
        if (mayRead(state, nanoClock.getAsLong())) {
            onBackendLoop(
                    () -> {
                        if (mayRead(state, nanoClock.getAsLong())) {
                            read();
                        }
                    },
                    () -> {});
        }
    }

    private void join(EventExecutor executor, Consumer<@Nullable Registry> then) {
        Waiting asker = new Waiting(executor, then);
        onBackendLoop(() -> join(asker), () -> then.accept(null));
    }

    private void onBackendLoop(Runnable task, Runnable whenClosed) {
        try {
            portmapper.loop().execute(task);
        } catch (RejectedExecutionException closing) {
            whenClosed.run();
        }
    }

    private void join(Waiting asker) {
        State known = state;
        boolean begin = !known.reading() && mayRead(known, nanoClock.getAsLong());
        if ((known.reading() || begin) && waiting.size() < MAX_WAITING) {
            cache.asked(CacheObserver.Cache.MIRROR, begin ? CacheObserver.Result.MISS : CacheObserver.Result.COALESCED);
            waiting.add(asker);
        } else {
            cache.asked(CacheObserver.Cache.MIRROR, CacheObserver.Result.BYPASS);
            asker.answer(knownRegistry());
        }
        if (begin) {
            read();
        }
    }

    private void read() {
        State known = state;
        if (!known.reading()) {
            state = known.withReading(nanoClock.getAsLong());
            if (!succeeds(() -> portmapper.dump(this::done))) {
                done(new BackendResult<>(BackendResult.Status.UNREACHABLE, null));
            }
        }
    }

    /** Whatever goes wrong here, the reading has ended, and all who wait for it are answered. */
    private void done(BackendResult<List<Mapping>> result) {
        State known = state;
        List<Mapping> rows = result.value();
        answering = rows != null;
        boolean read = rows != null && succeeds(() -> state = withRows(known, rows));
        if (!read) {
            state = known.withFailure();
        }
        List<Waiting> askers = List.copyOf(waiting);
        waiting.clear();
        Registry registry = knownRegistry();
        askers.forEach(asker -> succeeds(() -> asker.answer(registry)));
        if (rows != null && read) {
            succeeds(() -> compare(known, rows));
            succeeds(() -> store.save(policy, rows));
        }
    }

    /** A mistake of our own costs one step, and is told. */
    private boolean succeeds(Runnable step) {
        try {
            step.run();
            return true;
        } catch (RuntimeException | Error mistake) {
            observer.failed(policy.name(), mistake);
            return false;
        }
    }

    private State withRows(State known, List<Mapping> rows) {
        // The same words make the same registry, and what was made of it before stays good.
        Registry same = rows.equals(known.rows()) ? known.registry() : null;
        return new State(
                same != null ? same : Registry.of(rows, overlay),
                rows,
                nanoClock.getAsLong(),
                known.askedAt(),
                true,
                false);
    }

    /** What is known now, whatever its age within {@code stale}. */
    private @Nullable Registry knownRegistry() {
        State known = state;
        return nanoClock.getAsLong() - known.readAt() < longestNanos() ? known.registry() : null;
    }

    /** How old what is told may be. */
    private long longestNanos() {
        return Math.max(staleNanos, freshNanos);
    }

    private void compare(State before, List<Mapping> rows) {
        if (before.registry() != null) {
            List<RegistryChange> changes = RegistryChange.between(before.rows(), rows);
            if (!changes.isEmpty()) {
                observer.changed(policy.name(), changes);
            }
        }
        List<Deviation> now = Deviation.of(policy.expected(), rows);
        if (!now.equals(deviations)) {
            List<Deviation> appeared = new ArrayList<>(now);
            appeared.removeAll(deviations);
            // What is missing now and was elsewhere before has not settled.
            Set<BackendPolicy.Expectation> unmet =
                    now.stream().map(Deviation::expected).collect(Collectors.toSet());
            List<Deviation> settled = new ArrayList<>(deviations);
            settled.removeIf(d -> unmet.contains(d.expected()));
            deviations = now;
            observer.deviates(policy.name(), appeared, settled);
        }
    }

    /** Reads when nobody asked for long, and while the backend is away. */
    private void tick() {
        State known = state;
        long age = nanoClock.getAsLong() - known.readAt();
        boolean waits = known.registry() == null || !known.healthy() || portmapper.isTurning();
        if (waits || age >= UNASKED.toNanos()) {
            read();
        }
        long pause = waits ? retryNanos : Math.max(freshNanos, retryNanos);
        timer = portmapper.loop().schedule(this::tick, pause, TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        onBackendLoop(
                () -> {
                    if (timer != null) {
                        timer.cancel(false);
                    }
                    portmapper.close();
                },
                () -> {});
    }
}

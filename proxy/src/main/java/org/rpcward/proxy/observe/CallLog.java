package org.rpcward.proxy.observe;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import com.github.benmanes.caffeine.cache.Scheduler;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Programs;
import org.rpcward.proxy.backend.BackendObserver;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.Deviation;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.UniversalAddress;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.CallObserver;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;
import org.rpcward.proxy.service.Outcome;

/*
 * A line a packet would make the log the weakest part of the proxy. So a source that is denied by one rule again and
 * again has one line in a while, which says how many were left out; of allowed calls only a sample is told; and since
 * sources can be forged, all denials together have no more than so many lines a second. What is left out is told too.
 */
/** Counts calls and logs some of them. Thread-safe. */
public final class CallLog implements CallObserver, BackendObserver {
    /** Denials told at most in one second, all sources together. */
    private static final int LINES_PER_SECOND = 100;

    /** Sources, each with a rule, whose last line is remembered. */
    private static final int REMEMBERED = 10_000;

    /** Changes of a registry told after one reading. */
    private static final int CHANGES_PER_READING = 100;

    /** Frames told of a stack. */
    private static final int FRAMES = 20;

    /** The path of a call that gets no reply. */
    private static final String NO_REPLY = "none";

    /** The reason of what a rule in audit mode would do. */
    private static final String TRIAL = "trial";

    private static final IpAddress NOBODY = IpAddress.v4(0);

    private static final Duration REMEMBERED_FOR = Duration.ofMinutes(1);

    private final EventLog log;
    private final Counters counters;
    private final LongSupplier nanoClock;
    private final Ids ids = new Ids();
    private final Cache<DeniedKey, Denied> denied;
    private volatile boolean sparing;
    private long second;
    private int linesThisSecond;
    private final LongAdder unlogged = new LongAdder();

    /** The second in which there were as many lines as there may be. */
    private volatile long fullSecond = -1;

    /**
     * What is told once in a while.
     *
     * @param slot what was asked, where each question is told by itself; else 0
     * @param program about which program and version, likewise
     */
    private record DeniedKey(IpAddress source, String rule, int slot, long program) {
        DeniedKey(IpAddress source, String rule) {
            this(source, rule, 0, 0);
        }
    }

    /** What is to be told of one call. */
    private static final class Note {
        private final String id;
        private @Nullable Map<String, Object> waiting;

        Note(String id) {
            this.id = id;
        }
    }

    /** When a source's denials by one rule were told last, and how many were not since; guarded by itself. */
    private static final class Denied {
        private long toldAt;
        private boolean told;
        private long suppressed;
    }

    public CallLog(EventLog log, Counters counters, LongSupplier nanoClock) {
        this.log = log;
        this.counters = counters;
        this.nanoClock = nanoClock;
        this.denied = Caffeine.newBuilder()
                .maximumSize(REMEMBERED)
                .expireAfterAccess(REMEMBERED_FOR)
                .ticker(nanoClock::getAsLong)
                .scheduler(Scheduler.systemScheduler())
                .removalListener(this::forgotten)
                .build();
    }

    /** While there is too much to do, no samples of allowed calls are told. */
    public void spare(boolean newSparing) {
        sparing = newSparing;
    }

    /** What overload turns away is told once, by the event of its level. */
    @Override
    public void turnedAway(Exchange exchange, Hindrance hindrance, Policy policy) {
        counters.turnedAway(exchange, hindrance, policy);
        if (hindrance.kind() != Hindrance.Kind.OVERLOAD) {
            tell(exchange, null, hindrance.then(), Rule.DEFAULT_NAME, hindrance.reason(), policy);
        }
    }

    @Override
    public void wouldHinder(Exchange exchange, @Nullable Query query, Hindrance hindrance, Policy policy) {
        counters.wouldHinder(hindrance);
        tell(exchange, query, hindrance.then(), hindrance.reason(), TRIAL, policy);
    }

    @Override
    public void decided(
            Exchange exchange, Query query, Decision decision, @Nullable Hindrance hindrance, Policy policy) {
        counters.decided(exchange, query, decision, hindrance, policy);
        Verdict verdict = hindrance == null ? decision.verdict() : hindrance.then();
        for (Rule trial : decision.trials()) {
            tell(exchange, query, trial.then(), trial.name(), TRIAL, policy);
        }
        if (verdict == Verdict.ALLOW) {
            int oneIn = policy.log().allowOneIn();
            if (oneIn > 0 && !sparing && ThreadLocalRandom.current().nextInt(oneIn) == 0) {
                note(exchange, query, Verdict.ALLOW, decision.rule().name(), "rule", policy, 0);
            }
        } else {
            String reason = hindrance == null ? "rule" : hindrance.reason();
            tell(exchange, query, verdict, decision.rule().name(), reason, policy);
        }
    }

    @Override
    public void malformed(
            Exchange exchange, Fault fault, Verdict verdict, @Nullable Hindrance hindrance, Policy policy) {
        counters.malformed(exchange, fault, verdict, hindrance, policy);
        tell(exchange, null, verdict, Rule.DEFAULT_NAME, hindrance == null ? fault.word() : hindrance.reason(), policy);
    }

    @Override
    public void replied(Exchange exchange, Outcome outcome, ReplyStatus status, AnswerPath path, int bytes) {
        counters.replied(exchange, outcome, status, path, bytes);
        ended(exchange, path.word());
    }

    @Override
    public void batchSent(long nanos) {
        counters.batchSent(nanos);
    }

    @Override
    public void listed(String view, int hidden) {
        counters.listed(view, hidden);
    }

    @Override
    public void silent(Exchange exchange) {
        ended(exchange, NO_REPLY);
    }

    @Override
    public void unsent(Exchange exchange) {
        counters.unsent(1);
        ended(exchange, NO_REPLY);
    }

    @Override
    public void unsent(int replies) {
        counters.unsent(replies);
    }

    @Override
    public void overBudget(Exchange exchange, @Nullable Procedure procedure) {
        counters.overBudget(procedure);
    }

    @Override
    public void unavailable(Exchange exchange) {
        counters.unavailable();
    }

    /** With its stack, so that it can be mended; once in a while, so that it does not fill the log. */
    @Override
    public void failed(Exchange exchange, RuntimeException mistake) {
        counters.failed();
        StackTraceElement[] stack = mistake.getStackTrace();
        String where = stack.length == 0 ? "nowhere" : stack[0].toString();
        long suppressed = mayTell(new DeniedKey(NOBODY, where), REMEMBERED_FOR.toNanos());
        if (suppressed < 0) {
            return;
        }
        Map<String, Object> event = log.event("failure");
        event.put("listener", exchange.listener());
        event.put("transport", exchange.transport().word());
        event.put("reason", mistake.toString());
        event.put(
                "stack", Arrays.stream(stack).limit(FRAMES).map(String::valueOf).collect(Collectors.joining(" < ")));
        event.put("suppressed", suppressed);
        log.write(event);
    }

    /** Something went wrong that no call is to blame for: told once in a while, whatever is the reason. */
    public void trouble(String where, String reason) {
        counters.failed();
        if (mayTell(new DeniedKey(NOBODY, where), REMEMBERED_FOR.toNanos()) >= 0) {
            Map<String, Object> event = log.event("failure");
            event.put("where", where);
            event.put("reason", reason);
            log.write(event);
        }
    }

    @Override
    public int calls(int protocolAndProcedure) {
        return (int) counters.calls(protocolAndProcedure);
    }

    @Override
    public void asked(String backend, BackendResult.Status status) {
        counters.backend(status);
    }

    @Override
    public void up(String backend, String endpoint) {
        counters.turned(backend, endpoint, true);
        log.write(backendEvent(backend, endpoint, "up"));
    }

    @Override
    public void down(String backend, String endpoint, BackendResult.Status reason) {
        counters.turned(backend, endpoint, false);
        Map<String, Object> event = backendEvent(backend, endpoint, "down");
        event.put("reason", reason.word());
        log.write(event);
    }

    private Map<String, Object> backendEvent(String backend, String endpoint, String state) {
        Map<String, Object> event = log.event("backend");
        event.put("backend", backend);
        event.put("endpoint", endpoint);
        event.put("state", state);
        return event;
    }

    @Override
    public void changed(String backend, List<RegistryChange> changes) {
        changes.forEach(c -> counters.registryChanged(c.kind()));
        for (RegistryChange change : changes.subList(0, Math.min(changes.size(), CHANGES_PER_READING))) {
            Map<String, Object> event = registrationEvent("registry", backend, change.registration());
            event.put("change", change.kind().word());
            Mapping before = change.before();
            if (before != null && change.after() != null) {
                event.put("was", new UniversalAddress(before.host(), before.port()) + " " + before.owner());
            }
            log.write(event);
        }
        if (changes.size() > CHANGES_PER_READING) {
            Map<String, Object> event = log.event("registry");
            event.put("backend", backend);
            event.put("suppressed", changes.size() - CHANGES_PER_READING);
            log.write(event);
        }
    }

    private Map<String, Object> registrationEvent(String name, String backend, Mapping row) {
        Map<String, Object> event = log.event(name);
        event.put("backend", backend);
        event.put("program", program(row.program()));
        event.put("version", Integer.toUnsignedLong(row.version()));
        event.put("netid", row.netid());
        event.put("address", new UniversalAddress(row.host(), row.port()).toString());
        event.put("owner", row.owner());
        return event;
    }

    @Override
    public void deviates(String backend, List<Deviation> appeared, List<Deviation> settled) {
        settled.forEach(d -> log.write(deviationEvent(backend, d, "settled")));
        for (Deviation deviation : appeared) {
            counters.deviated();
            log.write(deviationEvent(backend, deviation, deviation.found() == null ? "missing" : "moved"));
        }
    }

    private Map<String, Object> deviationEvent(String backend, Deviation deviation, String state) {
        BackendPolicy.Row expected = deviation.expected().row();
        Map<String, Object> event = log.event("expectation");
        event.put("backend", backend);
        event.put("state", state);
        event.put("program", program(expected.program()));
        event.put("version", Integer.toUnsignedLong(expected.version()));
        event.put("netid", expected.netid());
        event.put("port", expected.port());
        Mapping found = deviation.found();
        if (found != null && !state.equals("settled")) {
            event.put("found", found.port());
        }
        event.put("served", deviation.expected().serve());
        return event;
    }

    /** Tells of a call that was not simply allowed, unless its like was told a moment ago. */
    private void tell(
            Exchange exchange, @Nullable Query query, Verdict verdict, String rule, String reason, Policy policy) {
        // In a trial everything that a client asks is wanted, for the rules that are to be written from it.
        boolean trial = policy.mode() == Mode.AUDIT || reason.equals(TRIAL);
        DeniedKey key = trial && query != null
                ? new DeniedKey(exchange.source(), rule, query.slot(), ProgramSet.key(query.program(), query.version()))
                : new DeniedKey(exchange.source(), rule);
        long suppressed = mayTell(key, policy.log().denyOnePer().toNanos());
        if (suppressed >= 0) {
            note(exchange, query, verdict, rule, reason, policy, suppressed);
        }
    }

    /**
     * Tells of a call: of a trial at once, of what is done with the call when it has ended. All lines about one call have
     * one id.
     */
    private void note(
            Exchange exchange,
            @Nullable Query query,
            Verdict verdict,
            String rule,
            String reason,
            Policy policy,
            long suppressed) {
        Note note = exchange.note() instanceof Note earlier ? earlier : new Note(ids.next());
        exchange.keep(note);
        Map<String, Object> event = event(note.id, exchange, query, verdict, rule, reason, policy, suppressed);
        if (reason.equals(TRIAL)) {
            log.write(event);
        } else {
            note.waiting = event;
        }
    }

    private void ended(Exchange exchange, String path) {
        if (exchange.note() instanceof Note note && note.waiting != null) {
            note.waiting.put("path", path);
            note.waiting.put("duration_us", TimeUnit.NANOSECONDS.toMicros(exchange.nanosSinceArrival()));
            log.write(note.waiting);
            note.waiting = null;
        }
    }

    /** How many of a kind were left out since the last one was told; -1 when this one is to be left out too. */
    private long mayTell(DeniedKey key, long oneIn) {
        if (second() == fullSecond) {
            // Then who it is about is not looked at any more: a flood from ever new sources costs as little as
            // possible.
            leaveOut(1);
            return -1;
        }
        Denied entry = denied.get(key, k -> new Denied());
        long suppressed;
        synchronized (entry) {
            long now = nanoClock.getAsLong();
            if (entry.told && now - entry.toldAt < oneIn) {
                entry.suppressed++;
                counters.repeated();
                return -1;
            }
            entry.told = true;
            entry.toldAt = now;
            suppressed = entry.suppressed;
            entry.suppressed = 0;
        }
        if (mayWrite(1)) {
            return suppressed;
        }
        synchronized (entry) {
            entry.suppressed += suppressed;
        }
        return -1;
    }

    /** @param events how many the line would tell of, which are left out otherwise */
    private synchronized boolean mayWrite(long events) {
        long now = second();
        if (now != second) {
            second = now;
            linesThisSecond = 0;
            long missing = unlogged.sumThenReset();
            if (missing > 0) {
                Map<String, Object> event = log.event("log");
                event.put("suppressed", missing);
                event.put("reason", "too many sources to tell each");
                log.write(event);
            }
        }
        if (linesThisSecond >= LINES_PER_SECOND) {
            fullSecond = now;
            leaveOut(events);
            return false;
        }
        linesThisSecond++;
        return true;
    }

    private void leaveOut(long events) {
        unlogged.add(events);
        counters.unlogged();
    }

    private long second() {
        return TimeUnit.NANOSECONDS.toSeconds(nanoClock.getAsLong());
    }

    private void forgotten(@Nullable DeniedKey key, @Nullable Denied entry, RemovalCause cause) {
        if (key == null || entry == null) {
            return;
        }
        long suppressed;
        synchronized (entry) {
            suppressed = entry.suppressed;
        }
        if (suppressed > 0 && mayWrite(suppressed)) {
            boolean mistake = key.source().equals(NOBODY);
            Map<String, Object> event = log.event(mistake ? "failure" : "suppressed");
            if (!mistake) {
                event.put("source", key.source().toString());
            }
            event.put(mistake ? "stack" : "rule", key.rule());
            event.put("suppressed", suppressed);
            log.write(event);
        }
    }

    private Map<String, Object> event(
            String id,
            Exchange exchange,
            @Nullable Query query,
            Verdict verdict,
            String rule,
            String reason,
            Policy policy,
            long suppressed) {
        Map<String, Object> event = log.event("call");
        event.put("id", id);
        event.put("listener", exchange.listener());
        event.put("source", exchange.source().toString());
        event.put("transport", exchange.transport().word());
        if (query != null) {
            event.put("protocol", query.protocol());
            event.put("procedure", query.procedure().word());
            if (query.namesProgram()) {
                event.put("program", program(query.program()));
                event.put("version", Integer.toUnsignedLong(query.version()));
            }
        }
        event.put("verdict", verdict.word());
        event.put("rule", rule);
        event.put("reason", reason);
        if (reason.equals(TRIAL) || policy.mode() == Mode.AUDIT) {
            event.put("mode", Mode.AUDIT.word());
        }
        event.put("revision", policy.revision());
        event.put("suppressed", suppressed);
        return event;
    }

    private static Map<String, Object> program(int number) {
        Map<String, Object> program = new LinkedHashMap<>();
        Programs.Entry known = Programs.byNumber(number);
        program.put("name", known == null ? "" : known.name());
        program.put("number", Integer.toUnsignedLong(number));
        return program;
    }

    /** What was counted, for the last line of the log. */
    public Map<String, Object> totals() {
        Map<String, Object> totals = counters.totals();
        long suppressed = 0;
        for (Denied entry : denied.asMap().values()) {
            synchronized (entry) {
                suppressed += entry.suppressed;
            }
        }
        suppressed += unlogged.sum();
        if (suppressed > 0) {
            totals.put("suppressed", suppressed);
        }
        return totals;
    }
}

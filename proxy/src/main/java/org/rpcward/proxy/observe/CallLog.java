package org.rpcward.proxy.observe;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.CallObserver;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;
import org.rpcward.proxy.service.Outcome;

/** Counts calls, and logs a sample of the allowed ones, and of the others what {@link Suppression} lets through. Thread-safe. */
public final class CallLog implements CallObserver {
    /** Frames told of a stack. */
    private static final int FRAMES = 20;

    /** The path of a call that gets no reply. */
    private static final String NO_REPLY = "none";

    /** The reason of what a rule in audit mode would do. */
    private static final String TRIAL = "trial";

    /** A mistake is told once in this time. */
    private static final Duration MISTAKE_ONE_PER = Duration.ofMinutes(1);

    private final EventLog log;
    private final Counters counters;
    private final CallCounts callCounts;
    private final ReplyCounts replyCounts;
    private final Suppression suppression;
    private final Ids ids = new Ids();
    private volatile boolean sparing;

    /** What is to be told of one call. */
    private static final class Note {
        private final String id;
        private @Nullable Map<String, Object> waiting;

        Note(String id) {
            this.id = id;
        }
    }

    public CallLog(EventLog log, Counters counters, LongSupplier nanoClock) {
        this.log = log;
        this.counters = counters;
        this.callCounts = counters.calls();
        this.replyCounts = counters.replies();
        this.suppression = new Suppression(log, counters.log(), nanoClock);
    }

    /** While there is too much to do, no samples of allowed calls are told. */
    public void spare(boolean newSparing) {
        sparing = newSparing;
    }

    /** What overload turns away is told once, by the event of its level. */
    @Override
    public void turnedAway(Exchange exchange, Hindrance hindrance, Policy policy) {
        callCounts.turnedAway(exchange, hindrance, policy);
        if (hindrance.kind() != Hindrance.Kind.OVERLOAD) {
            tell(exchange, null, hindrance.then(), Rule.DEFAULT_NAME, hindrance.reason(), policy);
        }
    }

    @Override
    public void wouldHinder(Exchange exchange, @Nullable Query query, Hindrance hindrance, Policy policy) {
        callCounts.wouldHinder(hindrance);
        tell(exchange, query, hindrance.then(), hindrance.reason(), TRIAL, policy);
    }

    @Override
    public void decided(
            Exchange exchange, Query query, Decision decision, @Nullable Hindrance hindrance, Policy policy) {
        callCounts.decided(exchange, query, decision, hindrance, policy);
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
        callCounts.malformed(exchange, fault, verdict, hindrance, policy);
        tell(exchange, null, verdict, Rule.DEFAULT_NAME, hindrance == null ? fault.word() : hindrance.reason(), policy);
    }

    @Override
    public void replied(Exchange exchange, Outcome outcome, ReplyStatus status, AnswerPath path, int bytes) {
        replyCounts.replied(exchange, outcome, status, path, bytes);
        ended(exchange, path.word());
    }

    @Override
    public void batchSent(long nanos) {
        replyCounts.batchSent(nanos);
    }

    @Override
    public void listed(String view, int hidden) {
        replyCounts.listed(view, hidden);
    }

    @Override
    public void silent(Exchange exchange) {
        ended(exchange, NO_REPLY);
    }

    @Override
    public void unsent(Exchange exchange) {
        replyCounts.unsent(1);
        ended(exchange, NO_REPLY);
    }

    @Override
    public void unsent(int replies) {
        replyCounts.unsent(replies);
    }

    @Override
    public void overBudget(Exchange exchange, @Nullable Procedure procedure) {
        replyCounts.overBudget(procedure);
    }

    @Override
    public void unavailable(Exchange exchange) {
        replyCounts.unavailable();
    }

    /** With its stack, so that it can be mended; once in a while, so that it does not fill the log. */
    @Override
    public void failed(Exchange exchange, RuntimeException mistake) {
        replyCounts.failed();
        StackTraceElement[] stack = mistake.getStackTrace();
        String where = stack.length == 0 ? "nowhere" : stack[0].toString();
        long suppressed = suppression.mayTell(Suppression.Key.ofMistake(where), MISTAKE_ONE_PER.toNanos());
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
        replyCounts.failed();
        if (suppression.mayTell(Suppression.Key.ofMistake(where), MISTAKE_ONE_PER.toNanos()) >= 0) {
            Map<String, Object> event = log.event("failure");
            event.put("where", where);
            event.put("reason", reason);
            log.write(event);
        }
    }

    @Override
    public int calls(int protocolAndProcedure) {
        return (int) callCounts.of(protocolAndProcedure);
    }

    /** Tells of a call that was not simply allowed, unless its like was told a moment ago. */
    private void tell(
            Exchange exchange, @Nullable Query query, Verdict verdict, String rule, String reason, Policy policy) {
        // In a trial everything that a client asks is wanted, for the rules that are to be written from it.
        boolean trial = policy.mode() == Mode.AUDIT || reason.equals(TRIAL);
        Suppression.Key key = trial && query != null
                ? new Suppression.Key(
                        exchange.source(), rule, query.slot(), ProgramSet.key(query.program(), query.version()))
                : new Suppression.Key(exchange.source(), rule);
        long suppressed = suppression.mayTell(key, policy.log().denyOnePer().toNanos());
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
                event.put("program", ProgramField.of(query.program()));
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

    /** What was counted, for the last line of the log. */
    public Map<String, Object> totals() {
        Map<String, Object> totals = counters.totals();
        long suppressed = suppression.untold();
        if (suppressed > 0) {
            totals.put("suppressed", suppressed);
        }
        return totals;
    }
}

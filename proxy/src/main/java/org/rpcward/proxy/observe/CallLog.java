package org.rpcward.proxy.observe;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
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

/** Counts calls; logs a sample of the allowed ones, and of the others what {@link Suppression} lets through. Thread-safe. */
public final class CallLog implements CallObserver {
    /** How many frames of a stack are logged. */
    private static final int FRAMES = 20;

    /** The path of a call that gets no reply. */
    private static final String NO_REPLY = "none";

    /** A mistake is told once in this time. */
    private static final Duration MISTAKE_ONE_PER = Duration.ofMinutes(1);

    private final EventLog log;
    private final Counters counters;
    private final CallCounts callCounts;
    private final ReplyCounts replyCounts;
    private final Suppression suppression;
    private final Ids ids = new Ids();
    private volatile boolean sparing;

    public CallLog(EventLog log, Counters counters, LongSupplier nanoClock) {
        this.log = log;
        this.counters = counters;
        this.callCounts = counters.calls();
        this.replyCounts = counters.replies();
        this.suppression = new Suppression(log, counters.log(), nanoClock);
    }

    /** While there is too much to do, no samples of allowed calls are logged. */
    public void spare(boolean newSparing) {
        sparing = newSparing;
    }

    /** What overload turns away is not logged call by call: the event of the level says it once. */
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
        tell(exchange, query, hindrance.then(), hindrance.reason(), CallRecord.TRIAL, policy);
    }

    @Override
    public void decided(
            Exchange exchange, Query query, Decision decision, @Nullable Hindrance hindrance, Policy policy) {
        callCounts.decided(exchange, query, decision, hindrance, policy);
        Verdict verdict = hindrance == null ? decision.verdict() : hindrance.then();
        List<Rule> trials = decision.trials();
        // By number: an iterator would be made for each call.
        for (int i = 0; i < trials.size(); i++) {
            Rule trial = trials.get(i);
            tell(exchange, query, trial.then(), trial.name(), CallRecord.TRIAL, policy);
        }
        if (verdict == Verdict.ALLOW) {
            int oneIn = policy.log().allowOneIn();
            if (oneIn > 0 && !sparing && ThreadLocalRandom.current().nextInt(oneIn) == 0) {
                String rule = decision.rule().name();
                note(exchange, CallRecord.of(exchange, query, verdict, rule, CallRecord.RULE, policy), 0);
            }
        } else {
            String reason = hindrance == null ? CallRecord.RULE : hindrance.reason();
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

    /** Logged with its stack, so that it can be fixed, and only once in a while, so that it does not fill the log. */
    @Override
    public void failed(Exchange exchange, Throwable mistake) {
        StackTraceElement[] stack = mistake.getStackTrace();
        fail(stack.length == 0 ? "nowhere" : stack[0].toString(), event -> {
            event.put("listener", exchange.listener());
            event.put("transport", exchange.transport().word());
            put(event, mistake);
        });
    }

    /** The same of a mistake that no call brought about, once in a while for each thing that is done. */
    public void failed(String where, Throwable mistake) {
        fail(where, event -> {
            event.put("where", where);
            put(event, mistake);
        });
    }

    /** Something went wrong that no call is to blame for: logged once in a while for each place, whatever the reason. */
    public void trouble(String where, String reason) {
        fail(where, event -> {
            event.put("where", where);
            event.put("reason", reason);
        });
    }

    private static void put(Map<String, Object> event, Throwable mistake) {
        event.put("reason", mistake.toString());
        event.put(
                "stack",
                Arrays.stream(mistake.getStackTrace())
                        .limit(FRAMES)
                        .map(String::valueOf)
                        .collect(Collectors.joining(" < ")));
    }

    private void fail(String where, Consumer<Map<String, Object>> how) {
        replyCounts.failed();
        long suppressed = suppression.mayTell(Suppression.Key.ofMistake(where), MISTAKE_ONE_PER.toNanos());
        if (suppressed >= 0) {
            Map<String, Object> event = log.event("failure");
            how.accept(event);
            event.put("suppressed", suppressed);
            log.write(event);
        }
    }

    @Override
    public int calls(int protocolAndProcedure) {
        return (int) callCounts.of(protocolAndProcedure);
    }

    /** Logs a call that was not simply allowed, unless one like it was logged a moment ago. */
    private void tell(
            Exchange exchange, @Nullable Query query, Verdict verdict, String rule, String reason, Policy policy) {
        // In a trial every different question of a client is logged, because rules are to be written from it.
        boolean onTrial = CallRecord.isOnTrial(reason, policy);
        Suppression.Key key = onTrial && query != null
                ? new Suppression.Key(
                        exchange.source(), rule, query.slot(), ProgramSet.key(query.program(), query.version()))
                : new Suppression.Key(exchange.source(), rule);
        long suppressed = suppression.mayTell(key, policy.log().denyOnePer().toNanos());
        if (suppressed >= 0) {
            note(exchange, CallRecord.of(exchange, query, verdict, rule, reason, policy), suppressed);
        }
    }

    private void note(Exchange exchange, CallRecord said, long suppressed) {
        note(exchange).tell(said, Map.of("suppressed", suppressed), log::write);
    }

    /** The note of a call; all who ask before the call has ended get the same one. */
    public CallNote note(Exchange exchange) {
        if (exchange.note() instanceof CallNote earlier) {
            return earlier;
        }
        CallNote note = new CallNote(ids.next(), log.now());
        exchange.keep(note);
        return note;
    }

    private static void ended(Exchange exchange, String path) {
        if (exchange.note() instanceof CallNote note) {
            note.ended(path, exchange.nanosSinceArrival());
        }
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

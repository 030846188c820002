package org.rpcward.proxy.admin;

import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.observe.CallRecord;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.CallObserver;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;
import org.rpcward.proxy.service.Outcome;

/** Sees calls go by, for those who look, and passes on what it sees. Thread-safe. */
public final class Onlooker implements CallObserver {
    private final CallLog next;
    final Top top = new Top();
    final Tails tails = new Tails();
    final Faults faults;

    /** @param next sees everything first, and tells when a call has ended */
    public Onlooker(CallLog next, InstantSource clock) {
        this.next = next;
        this.faults = new Faults(clock);
    }

    /** A second is over. */
    void tick() {
        top.tick();
        tails.tick();
        faults.tick();
    }

    @Override
    public void turnedAway(Exchange exchange, Hindrance hindrance, Policy policy) {
        next.turnedAway(exchange, hindrance, policy);
        top.count(exchange.executor(), exchange.source(), false, 0, true);
        if (!tails.isEmpty()) {
            tell(exchange, null, hindrance.then(), Rule.DEFAULT_NAME, hindrance.reason(), policy);
        }
    }

    @Override
    public void decided(
            Exchange exchange, Query query, Decision decision, @Nullable Hindrance hindrance, Policy policy) {
        next.decided(exchange, query, decision, hindrance, policy);
        Verdict verdict = hindrance == null ? decision.verdict() : hindrance.then();
        top.count(
                exchange.executor(),
                exchange.source(),
                query.namesProgram(),
                query.program(),
                verdict != Verdict.ALLOW);
        if (!tails.isEmpty()) {
            decision.trials().forEach(t -> tell(exchange, query, t.then(), t.name(), CallRecord.TRIAL, policy));
            String reason = hindrance == null ? CallRecord.RULE : hindrance.reason();
            tell(exchange, query, verdict, decision.rule().name(), reason, policy);
        }
    }

    @Override
    public void wouldHinder(Exchange exchange, @Nullable Query query, Hindrance hindrance, Policy policy) {
        next.wouldHinder(exchange, query, hindrance, policy);
        if (!tails.isEmpty()) {
            tell(exchange, query, hindrance.then(), hindrance.reason(), CallRecord.TRIAL, policy);
        }
    }

    @Override
    public void malformed(
            Exchange exchange, Fault fault, Verdict verdict, @Nullable Hindrance hindrance, Policy policy) {
        next.malformed(exchange, fault, verdict, hindrance, policy);
        top.count(exchange.executor(), exchange.source(), false, 0, true);
        faults.saw(exchange, fault);
        if (!tails.isEmpty()) {
            String reason = hindrance == null ? fault.word() : hindrance.reason();
            tell(exchange, null, verdict, Rule.DEFAULT_NAME, reason, policy);
        }
    }

    private void tell(
            Exchange exchange, @Nullable Query query, Verdict verdict, String rule, String reason, Policy policy) {
        tails.offer(CallRecord.of(exchange, query, verdict, rule, reason, policy), () -> next.note(exchange));
    }

    @Override
    public void replied(Exchange exchange, Outcome outcome, ReplyStatus status, AnswerPath path, int bytes) {
        next.replied(exchange, outcome, status, path, bytes);
    }

    @Override
    public void batchSent(long nanos) {
        next.batchSent(nanos);
    }

    @Override
    public void listed(String view, int hidden) {
        next.listed(view, hidden);
    }

    @Override
    public void silent(Exchange exchange) {
        next.silent(exchange);
    }

    @Override
    public void unsent(Exchange exchange) {
        next.unsent(exchange);
    }

    @Override
    public void unsent(int replies) {
        next.unsent(replies);
    }

    @Override
    public void overBudget(Exchange exchange, @Nullable Procedure procedure) {
        next.overBudget(exchange, procedure);
    }

    @Override
    public void unavailable(Exchange exchange) {
        next.unavailable(exchange);
    }

    @Override
    public void failed(Exchange exchange, Throwable mistake) {
        next.failed(exchange, mistake);
    }

    @Override
    public int calls(int protocolAndProcedure) {
        return next.calls(protocolAndProcedure);
    }
}

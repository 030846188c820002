package org.rpcward.proxy.service;

import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.View;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.limit.LimitSet;
import org.rpcward.proxy.rpc.Call;
import org.rpcward.proxy.rpcbind.Results.Asked;
import org.rpcward.proxy.service.Serving.Listening;

/**
 * A call on its way, with the policy that serves it.
 *
 * @param rule the rule that decides it; the default for a call that is not whole
 * @param limits what it is charged to
 */
record Turn(Exchange exchange, Call call, Serving serving, Listening listening, Rule rule, LimitSet limits) {
    /** A whole call, that this rule decides. */
    static Turn decidedBy(Rule rule, Exchange exchange, Call call, Serving serving, Listening listening) {
        return new Turn(
                exchange, call, serving, listening, rule, serving.limits().of(rule));
    }

    /** A call that is not whole. */
    static Turn ofFaulty(Exchange exchange, Call call, Serving serving, Listening listening) {
        return new Turn(
                exchange,
                call,
                serving,
                listening,
                serving.policy().rules().defaultRule(),
                serving.limits().ofMalformed(exchange.source()));
    }

    RuleSet rules() {
        return serving.policy().rules();
    }

    boolean isAudit() {
        return serving.isAudit();
    }

    /** A call that the same client could have made instead. */
    Query query(Procedure procedure, int program, int version) {
        return query(exchange, call, procedure, program, version);
    }

    static Query query(Exchange exchange, Call call, Procedure procedure, int program, int version) {
        return new Query(exchange.source(), exchange.transport(), call.protocol(), procedure, program, version);
    }

    /** The view of the rule that decides, or null. */
    @Nullable
    View view() {
        return viewOf(rule);
    }

    @Nullable
    View viewOf(Rule of) {
        return of.view() == null ? null : serving.policy().views().get(of.view());
    }

    /** The addresses that stand in the answer. */
    Asked answerAddresses() {
        return listening.answerAddresses(exchange.answerAddresses());
    }
}

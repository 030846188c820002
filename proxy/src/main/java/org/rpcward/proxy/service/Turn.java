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
 * @param rule the rule that decides it; the default until that is known
 */
record Turn(Exchange exchange, Call call, Serving serving, Listening listening, Rule rule) {
    Turn decidedBy(Rule decider) {
        return new Turn(exchange, call, serving, listening, decider);
    }

    RuleSet rules() {
        return serving.policy().rules();
    }

    /** What the call is charged to. */
    LimitSet limits() {
        return serving.limits().of(rule);
    }

    boolean isAudit() {
        return serving.isAudit();
    }

    /** The call as the rules see it. */
    Query query(Procedure procedure) {
        Call.Arguments asked = call.arguments();
        return query(procedure, asked.program(), asked.version());
    }

    /** A call that the same client could have made instead. */
    Query query(Procedure procedure, int program, int version) {
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

package org.rpcward.proxy.service;

import org.rpcward.policy.Decision;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.proxy.rpc.Fault;

/** Is told what happens to calls. Called on the event loops, several at a time; must not block. */
public interface CallObserver {
    /** A call was whole, and this was decided of it. */
    void decided(Exchange exchange, Query query, Decision decision, Policy policy);

    /**
     * A call was not whole, or none for a portmapper.
     *
     * @param verdict {@link Verdict#ALLOW} or {@link Verdict#HIDE} when the source is told what is wrong
     */
    void malformed(Exchange exchange, Fault fault, Verdict verdict, Policy policy);

    /** A reply leaves. */
    void replied(Exchange exchange, Outcome outcome, int bytes);

    /** A reply over UDP was let go, because the socket takes no more. */
    void unsent(Exchange exchange);

    /** A reply was larger over UDP than its call allows. */
    void overBudget(Exchange exchange);

    /** The backend did not answer, and nothing is known from earlier. */
    void unavailable(Exchange exchange);

    /** A call met a mistake in rpcward itself. */
    void failed(Exchange exchange, RuntimeException mistake);

    /**
     * How many calls there were of a procedure, for GETSTAT.
     *
     * @param protocolAndProcedure {@code protocol << 8 | procedure number}
     */
    int calls(int protocolAndProcedure);
}

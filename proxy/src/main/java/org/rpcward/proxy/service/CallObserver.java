package org.rpcward.proxy.service;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;

/** Is told what happens to calls. Called on the event loops, several at a time; must not block. */
public interface CallObserver {
    /** The names that {@link #listed} may give besides those of views. */
    List<String> NO_VIEWS = Sight.WORDS;

    /** A call was turned away before it was decoded. */
    void turnedAway(Exchange exchange, Hindrance hindrance, Policy policy);

    /**
     * A call was whole, and this was decided of it.
     *
     * @param hindrance what hinders it though its rule would not, or null; its verdict goes before the decision's
     */
    void decided(Exchange exchange, Query query, Decision decision, @Nullable Hindrance hindrance, Policy policy);

    /** Something in audit mode would have hindered a call. */
    void wouldHinder(Exchange exchange, @Nullable Query query, Hindrance hindrance, Policy policy);

    /**
     * A call was not whole, or none for a portmapper.
     *
     * @param verdict {@link Verdict#ALLOW} or {@link Verdict#HIDE} when the source is told what is wrong
     * @param hindrance what keeps it from being told, or null
     */
    void malformed(Exchange exchange, Fault fault, Verdict verdict, @Nullable Hindrance hindrance, Policy policy);

    /** A reply leaves. */
    void replied(Exchange exchange, Outcome outcome, ReplyStatus status, AnswerPath path, int bytes);

    /**
     * A batch of datagrams was read on this event loop, and the replies that were ready at once have left together.
     *
     * @param nanos since the batch arrived
     */
    void batchSent(long nanos);

    /**
     * A listing was answered.
     *
     * @param view whose rows it shows, or a word for what is not a view
     * @param hidden how many rows were left out that others may see
     */
    void listed(String view, int hidden);

    /** A call ends without a reply. */
    void silent(Exchange exchange);

    /** A reply over UDP was let go, because the socket takes no more. */
    void unsent(Exchange exchange);

    /** So many replies over UDP, which had ended their calls, were let go by the kernel. */
    void unsent(int replies);

    /**
     * A reply was larger over UDP than its call allows.
     *
     * @param procedure null when the call had none
     */
    void overBudget(Exchange exchange, @Nullable Procedure procedure);

    /** The backend did not answer, and nothing is known from earlier. */
    void unavailable(Exchange exchange);

    /** A call met a mistake in rpcward itself. */
    void failed(Exchange exchange, Throwable mistake);

    /**
     * How many calls there were of a procedure, for GETSTAT.
     *
     * @param protocolAndProcedure {@code protocol << 8 | procedure number}
     */
    int calls(int protocolAndProcedure);
}

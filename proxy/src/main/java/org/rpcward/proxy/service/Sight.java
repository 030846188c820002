package org.rpcward.proxy.service;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.View;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.rpc.Call;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.rpcbind.Results.Asked;

/**
 * How much of a registry the answer to one call may show.
 *
 * @param scope what it goes by
 * @param name unlike for sights that can show different rows to one source; no view's name begins with a dash
 * @param view the view that says it, or null
 */
record Sight(Scope scope, String name, @Nullable View view) {
    private static final String BUILTIN = "builtin/";

    static final Sight NOTHING = new Sight(Scope.NOTHING, "-nothing", null);
    static final Sight EVERYTHING = new Sight(Scope.EVERYTHING, "-everything", null);

    /** The rows that the same client could look up one by one, so that listing and lookup cannot disagree. */
    static final Sight LOOKUPS = new Sight(Scope.LOOKUPS, "-lookups", null);

    private enum Scope {
        NOTHING,
        EVERYTHING,
        LOOKUPS,
        VIEW
    }

    /** All that are no views, as they are called in metrics. */
    static final List<String> WORDS = List.of(NOTHING.word(), EVERYTHING.word(), LOOKUPS.word());

    /** What a view shows; without one, what can be looked up. */
    static Sight of(@Nullable View view) {
        return view == null ? LOOKUPS : new Sight(Scope.VIEW, view.name(), view);
    }

    /** How it is called in metrics. */
    String word() {
        return view == null ? BUILTIN + name.substring(1) : name;
    }

    /** Whether what is shown depends on who asks. */
    boolean dependsOnSource() {
        return scope == Scope.LOOKUPS;
    }

    int mostRows() {
        return view == null ? View.MAX_ROWS_DEFAULT : view.maxRows();
    }

    /** Whether a row is shown to this call. Of the portmapper's own, those of the transports that are served here. */
    boolean shows(Turn turn, Mapping row) {
        if (scope == Scope.NOTHING || !isServed(turn, row)) {
            return false;
        }
        if (view != null) {
            return view.shows(row.program(), row.version(), row.netid());
        }
        return scope == Scope.EVERYTHING || isAskedFor(turn, row) || mayLookUp(turn, row);
    }

    /** The row that an allowed lookup asked for needs no second decision. */
    private static boolean isAskedFor(Turn turn, Mapping row) {
        Procedure procedure = turn.call().procedure();
        Call.Arguments asked = turn.call().arguments();
        return procedure != null
                && procedure.callClass().namesProgram()
                && asked.program() == row.program()
                && asked.version() == row.version();
    }

    /** Allowed, and shown by the view of the rule that allows it. */
    private static boolean mayLookUp(Turn turn, Mapping row) {
        Procedure lookup = turn.call().protocol() == Procedure.LOWEST_PROTOCOL ? Procedure.GETPORT : Procedure.GETADDR;
        Decision decision = turn.rules().decide(turn.query(lookup, row.program(), row.version()));
        View seenThrough = turn.viewOf(decision.rule());
        return decision.verdict() == Verdict.ALLOW
                && (seenThrough == null || seenThrough.shows(row.program(), row.version(), row.netid()));
    }

    private static boolean isServed(Turn turn, Mapping row) {
        Netid netid = row.known();
        if (row.program() != Procedure.PROGRAM || netid == null) {
            return true;
        }
        Asked asked = turn.answerAddresses();
        return turn.listening().policy().transports().contains(netid.transport())
                && (netid.isV4() ? asked.v4() : asked.v6()) != null;
    }
}

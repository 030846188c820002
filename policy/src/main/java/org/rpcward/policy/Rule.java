package org.rpcward.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A named rule: when all of its clauses hold, its verdict is the call's.
 *
 * @param name unique in the policy; names of built-in rules begin with {@code builtin/}
 * @param place where its name stands in the policy
 * @param clauses in the order in which {@code explain} tries them
 * @param mode {@link Mode#AUDIT}: what it would do is told, and evaluation goes on
 * @param view the view of the registry that its answers show, or null for what the client may look up
 * @param fullOverUdp whether its answers over UDP may be larger than their calls
 * @param limits the limits that its calls are charged to, in order; at most {@link #MAX_LIMITS}
 */
public record Rule(
        String name,
        Place place,
        List<Clause> clauses,
        Verdict then,
        Mode mode,
        @Nullable String view,
        boolean fullOverUdp,
        List<LimitPolicy> limits) {
    public static final int MAX_LIMITS = 8;

    public static final String BUILTIN_PREFIX = "builtin/";

    /** The name under which calls that no rule matches are reported. */
    public static final String DEFAULT_NAME = "default";

    /** A rule without limits, whose answers over UDP keep to the budget. */
    public Rule(String name, Place place, List<Clause> clauses, Verdict then, Mode mode, @Nullable String view) {
        this(name, place, clauses, then, mode, view, false, List.of());
    }

    public Rule {
        clauses = List.copyOf(clauses);
        limits = List.copyOf(limits);
    }

    public boolean isBuiltin() {
        return name.startsWith(BUILTIN_PREFIX);
    }

    public boolean isAudit() {
        return mode == Mode.AUDIT;
    }

    /** Whether this rule makes its sources known ones, to whom rpcward answers errors instead of keeping silent. */
    public boolean namesItsSources() {
        return then != Verdict.DROP && !isAudit() && !isBuiltin();
    }

    /** The first clause that does not hold, or null when the rule matches. */
    public @Nullable Clause firstFailing(Query query) {
        for (Clause clause : clauses) {
            if (!clause.holds(query)) {
                return clause;
            }
        }
        return null;
    }
}

package org.rpcward.proxy.observe;

import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;

/**
 * What the calls of a rule are counted under.
 *
 * @param name the rule's
 * @param mode {@link Mode#AUDIT} when the rule or the whole policy is on trial
 */
public record RuleKey(String name, Verdict verdict, Mode mode) implements Comparable<RuleKey> {
    static RuleKey of(Rule rule, Policy policy) {
        return new RuleKey(rule.name(), rule.then(), rule.isAudit() ? Mode.AUDIT : policy.mode());
    }

    @Override
    public int compareTo(RuleKey other) {
        int byName = name.compareTo(other.name);
        int byVerdict = verdict.compareTo(other.verdict);
        return byName != 0 ? byName : byVerdict != 0 ? byVerdict : mode.compareTo(other.mode);
    }
}

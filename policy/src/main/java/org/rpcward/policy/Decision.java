package org.rpcward.policy;

import java.util.List;

/**
 * What the policy says of one call.
 *
 * @param verdict what is to happen
 * @param rule the rule that said so; {@link Rule#DEFAULT_NAME} when none matched
 * @param trials rules in audit mode that matched before it, in order: what they would have done
 */
public record Decision(Verdict verdict, Rule rule, List<Rule> trials) {
    public Decision {
        trials = List.copyOf(trials);
    }

    public Decision(Rule rule) {
        this(rule.then(), rule, List.of());
    }
}

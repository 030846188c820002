package org.rpcward.policy.yaml;

import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.LimitPolicy.Scope;
import org.rpcward.policy.LimitPolicy.Unit;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Slot;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Warns of limits that hinder nothing, or more than they seem to. Only policies without errors come here. */
final class LimitLints {
    private static final BitSet PINGS = Slot.where((p, protocol, t) -> p.callClass() == CallClass.PING);
    private static final BitSet LISTS = Slot.where((p, protocol, t) -> p.callClass() == CallClass.LIST);

    /** More calls a second than one worker takes in, and so more than it ever counts for one source. */
    private static final long FASTEST_SOURCE = 200_000;

    /** The same for all sources together. */
    private static final long FASTEST_HOST = 2_000_000;

    /** A burst that outlasts this many seconds at full speed is none. */
    private static final long LONGEST_BURST = 60;

    /** Bytes of the answer to GETPORT. */
    private static final long SMALLEST_ANSWER = 28;

    /** Bytes of a short listing: nine rows in version 2, three in version 4. */
    private static final long SMALL_LISTING = 200;

    private final Problems problems;
    private final List<RulesReader.Written> rules;
    private final Set<String> idle;

    /** @param idle the names of the rules that decide nothing */
    LimitLints(Problems problems, List<RulesReader.Written> rules, Set<String> idle) {
        this.problems = problems;
        this.rules = rules;
        this.idle = idle;
    }

    void check(Collection<LimitsReader.Written> limits) {
        for (RulesReader.Written w : rules) {
            unlimited(w);
            sameVerdict(w);
        }
        for (LimitsReader.Written w : limits) {
            cannotFire(w);
            lessThanOne(w);
            withoutEffect(w);
        }
    }

    private void unlimited(RulesReader.Written w) {
        Rule rule = w.rule();
        if (rule.then() == Verdict.ALLOW && !rule.isAudit() && rule.limits().isEmpty() && !idle.contains(rule.name())) {
            problems.at(
                    w.name(),
                    Code.UNLIMITED,
                    "rule '" + PlainText.escaped(rule.name(), 48) + "' allows without a limit",
                    "define one under 'limits:', and name it here: limit: NAME");
        }
    }

    private void sameVerdict(RulesReader.Written w) {
        Rule rule = w.rule();
        BitSet asked = RuleSet.slotsOf(rule);
        asked.and(Region.EXISTING);
        asked.andNot(PINGS);
        boolean pingsOnly = asked.isEmpty();
        for (ScalarNode item : w.mapping().texts("limit")) {
            for (LimitPolicy limit : rule.limits()) {
                if (!limit.name().equals(item.getValue())) {
                    continue;
                }
                if (limit.over() == rule.then()) {
                    problems.at(
                            item,
                            Code.NO_EFFECT,
                            "beyond limit '" + limit.name() + "' calls are told what this rule says anyway: "
                                    + rule.then().word());
                } else if (limit.over() == Verdict.HIDE && pingsOnly) {
                    problems.at(
                            item,
                            Code.NO_EFFECT,
                            "limit '" + limit.name() + "' hides, and a hidden ping is answered like any other",
                            "use a limit with 'over: drop' or 'over: refuse'");
                }
            }
        }
    }

    private List<Rule> charging(LimitPolicy limit) {
        return rules.stream()
                .map(RulesReader.Written::rule)
                .filter(r -> r.limits().contains(limit))
                .toList();
    }

    private void cannotFire(LimitsReader.Written w) {
        LimitPolicy limit = w.limit();
        List<Rule> charging = charging(limit);
        if (!charging.isEmpty() && charging.stream().allMatch(r -> idle.contains(r.name()))) {
            fires(w.named().key(), limit, "no call reaches the rules that charge it");
            return;
        }
        if (limit.unit() != Unit.CALLS) {
            return;
        }
        boolean ofOne = limit.per() == Scope.SOURCE || limit.per() == Scope.PREFIX;
        long fastest = ofOne ? FASTEST_SOURCE : FASTEST_HOST;
        if (limit.tokens() / limit.period().toSeconds() > fastest) {
            String why = "more than " + fastest + " calls a second "
                    + (ofOne ? "of one " + limit.per().name().toLowerCase(Locale.ROOT) : "in all")
                    + " do not get as far as this";
            fires(value(w, "rate"), limit, why);
        } else if (limit.burst() > fastest * LONGEST_BURST) {
            fires(value(w, "burst"), limit, "its burst lasts for a minute of " + fastest + " calls a second");
        }
    }

    private void fires(Node at, LimitPolicy limit, String why) {
        problems.at(at, Code.CANNOT_FIRE, "limit '" + limit.name() + "' cannot fire: " + why);
    }

    private void lessThanOne(LimitsReader.Written w) {
        LimitPolicy limit = w.limit();
        if (limit.unit() != Unit.REPLY_BYTES) {
            return;
        }
        boolean lists =
                charging(limit).stream().anyMatch(r -> RuleSet.slotsOf(r).intersects(LISTS));
        if (limit.burst() < SMALLEST_ANSWER || (lists && limit.burst() < SMALL_LISTING)) {
            problems.at(
                    value(w, w.mapping().has("burst") ? "burst" : "rate"),
                    Code.LESS_THAN_ONE,
                    "limit '" + limit.name() + "' holds " + Quantity.size(limit.burst()) + ", less than one "
                            + (lists ? "listing" : "answer") + ": of an answer, no more than twice that is charged",
                    "for example burst: 16KiB");
        }
    }

    private void withoutEffect(LimitsReader.Written w) {
        Scope per = w.limit().per();
        String word = w.mapping().word("per");
        Node rollup = w.mapping().value("rollup");
        if (rollup != null && per != Scope.SOURCE) {
            problems.at(rollup, Code.NO_EFFECT, "'rollup' has no effect with 'per: " + word + "'");
        }
        Node prefix = w.mapping().value("prefix");
        if (prefix != null && per != Scope.SOURCE && per != Scope.PREFIX) {
            problems.at(prefix, Code.NO_EFFECT, "'prefix' has no effect with 'per: " + word + "'");
        }
    }

    private static Node value(LimitsReader.Written w, String key) {
        return Objects.requireNonNullElse(w.mapping().value(key), w.named().key());
    }
}

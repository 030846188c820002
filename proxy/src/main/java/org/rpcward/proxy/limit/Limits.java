package org.rpcward.proxy.limit;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/** All limits of one policy. Buckets go on over a reload that leaves their limit as it is. Thread-safe. */
public final class Limits {
    private final RuleSet rules;
    private final KeyedHash hash;
    private final AddressSet known;
    private final Map<String, Limit> byName = new LinkedHashMap<>();
    private final IdentityHashMap<Rule, LimitSet> byRule = new IdentityHashMap<>();

    /** By the class of sources: there are as many as the policy distinguishes. */
    private final Map<Object, LimitSet> ofMalformed = new ConcurrentHashMap<>();

    private Limits(Policy policy, @Nullable Limits before) {
        this.rules = policy.rules();
        this.hash = before == null ? KeyedHash.random() : before.hash;
        this.known = knownSources(rules);
        for (LimitPolicy limit : charged(rules)) {
            Limit earlier = before == null ? null : before.byName.get(limit.name());
            boolean enforced = policy.mode() == Mode.ENFORCE && !limit.isAudit();
            byName.put(limit.name(), Limit.of(limit, byName.size(), enforced, hash, earlier));
        }
        for (Rule rule : rules.rules()) {
            if (isCharged(rule)) {
                byRule.put(rule, new LimitSet(charges(rule), known));
            }
        }
        Set<String> names = new HashSet<>(policy.listeners().keySet());
        rules.rules().forEach(rule -> names.add(rule.name()));
        byName.values().forEach(limit -> limit.keepOnly(names));
    }

    private Limits(RuleSet rules) {
        this.rules = rules;
        this.hash = KeyedHash.random();
        this.known = AddressSet.NONE;
    }

    /** None, whatever the policy says: for looking at what it shows without being charged. */
    public static Limits none(Policy policy) {
        return new Limits(policy.rules());
    }

    /**
     * The limits of a policy that begins to serve.
     *
     * @param before the limits of the policy before, or null
     */
    public static Limits of(Policy policy, @Nullable Limits before) {
        return new Limits(policy, before);
    }

    /** What calls are charged to that this rule decides. */
    public LimitSet of(Rule rule) {
        LimitSet limits = rule.limits().isEmpty() ? null : byRule.get(rule);
        return limits == null ? LimitSet.NONE : limits;
    }

    /**
     * What malformed calls of a source are charged to: each limit of calls, once, of all rules that name the source. They
     * are calls of no class, so that no one rule decides them.
     */
    public LimitSet ofMalformed(IpAddress source) {
        if (byName.isEmpty()) {
            return LimitSet.NONE;
        }
        Object sources = rules.sourceClass(source);
        LimitSet limits = ofMalformed.get(sources);
        return limits != null ? limits : ofMalformed.computeIfAbsent(sources, s -> naming(source));
    }

    /** Every limit that some rule charges, in the order of rules. */
    public List<LimitState> states() {
        return byName.values().stream().map(Limit::state).toList();
    }

    /** The limits behind {@link #states()}, by {@link Limit#index()}. */
    public List<Limit> all() {
        return List.copyOf(byName.values());
    }

    private LimitSet naming(IpAddress source) {
        Set<LimitSet.Charge> charges = new LinkedHashSet<>();
        for (Rule rule : rules.rules()) {
            if (rule.namesItsSources() && RuleSet.sourcesOf(rule).contains(source)) {
                charges(rule).stream()
                        .filter(charge -> charge.limit().policy().unit() == LimitPolicy.Unit.CALLS)
                        .forEach(charges::add);
            }
        }
        return new LimitSet(List.copyOf(charges), known);
    }

    private List<LimitSet.Charge> charges(Rule rule) {
        List<LimitSet.Charge> charges = new ArrayList<>();
        for (LimitPolicy policy : rule.limits()) {
            Limit limit = byName.get(policy.name());
            if (limit != null) {
                charges.add(new LimitSet.Charge(limit, policy.per() == LimitPolicy.Scope.RULE ? rule.name() : null));
            }
        }
        return charges;
    }

    /** What a rule in audit mode matches is decided, and charged, by another. */
    private static boolean isCharged(Rule rule) {
        return !rule.limits().isEmpty() && !rule.isAudit();
    }

    private static Set<LimitPolicy> charged(RuleSet rules) {
        Set<LimitPolicy> charged = new LinkedHashSet<>();
        rules.rules().stream().filter(Limits::isCharged).forEach(rule -> charged.addAll(rule.limits()));
        return charged;
    }

    /**
     * The sources that an allow rule names. A rule for everybody makes nobody known, unless all allow rules are for
     * everybody: then all sources are alike.
     */
    private static AddressSet knownSources(RuleSet rules) {
        Set<AddressSet> named = new HashSet<>();
        for (Rule rule : rules.rules()) {
            if (rule.then() == Verdict.ALLOW && rule.namesItsSources()) {
                named.add(RuleSet.sourcesOf(rule));
            }
        }
        boolean everybody = named.remove(AddressSet.ALL);
        return named.isEmpty() && everybody ? AddressSet.ALL : AddressSet.unionOf(named);
    }
}

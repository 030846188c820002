package org.rpcward.proxy.admin;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.rpcward.proxy.observe.RuleKey;

/** Tells from the counters of rules, once a second, how fast they run and when they ran last. Thread-safe. */
final class RuleWatch {
    private final Supplier<Map<RuleKey, Long>> counters;
    private final InstantSource clock;

    // Guarded by this.
    private final Deque<Map<RuleKey, Long>> recent = new ArrayDeque<>();
    private Map<RuleKey, Instant> lastHits = new HashMap<>();

    RuleWatch(Supplier<Map<RuleKey, Long>> counters, InstantSource clock) {
        this.counters = counters;
        this.clock = clock;
    }

    /** A second is over. */
    synchronized void tick() {
        Map<RuleKey, Long> now = counters.get();
        Map<RuleKey, Long> before = recent.isEmpty() ? Map.of() : recent.getLast();
        Map<RuleKey, Instant> hits = new HashMap<>();
        now.forEach((rule, count) -> {
            Instant last = count > before.getOrDefault(rule, 0L) ? clock.instant() : lastHits.get(rule);
            if (last != null) {
                hits.put(rule, last);
            }
        });
        lastHits = hits;
        recent.addLast(now);
        if (recent.size() > Top.SECONDS + 1) {
            recent.removeFirst();
        }
    }

    /** The rules of a policy in order, with the default at the end. */
    synchronized List<RuleView> rules(Policy policy) {
        Map<RuleKey, Long> now = counters.get();
        List<RuleView> views = new ArrayList<>();
        policy.rules().rules().forEach(rule -> views.add(view(rule, policy, now)));
        views.add(view(policy.rules().defaultRule(), policy, now));
        return views;
    }

    private RuleView view(Rule rule, Policy policy, Map<RuleKey, Long> now) {
        Mode mode = rule.isAudit() ? Mode.AUDIT : policy.mode();
        RuleKey key = new RuleKey(rule.name(), rule.then(), mode);
        Long hits = now.get(key);
        Instant last = lastHits.get(key);
        boolean written = !rule.isBuiltin() && !rule.name().equals(Rule.DEFAULT_NAME);
        return new RuleView(
                rule.name(),
                written ? rule.place().toString() : null,
                rule.then().word(),
                mode.word(),
                rule.isBuiltin(),
                hits,
                rate(key, hits),
                last == null ? null : Views.time(last));
    }

    private double rate(RuleKey key, @Nullable Long hits) {
        if (hits == null || recent.size() < 2) {
            return 0;
        }
        long then = recent.getFirst().getOrDefault(key, 0L);
        return Math.max(0, hits - then) / (double) (recent.size() - 1);
    }
}

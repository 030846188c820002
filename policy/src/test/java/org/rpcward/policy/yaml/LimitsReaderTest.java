package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.LimitPolicy.Scope;
import org.rpcward.policy.LimitPolicy.Unit;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;

class LimitsReaderTest {
    private static Policy policy(String limits) {
        return TestFiles.policy(TestFiles.FRAME + "limits:\n" + limits.indent(2) + "rules: []\n");
    }

    private static LimitPolicy limit(String written) {
        return Objects.requireNonNull(policy("a: { " + written + " }").limits().get("a"));
    }

    @Test
    void fillsInEveryDefault() {
        LimitPolicy limit = limit("rate: 50/s");
        assertThat(limit)
                .isEqualTo(new LimitPolicy(
                        "a",
                        limit.place(),
                        50,
                        Duration.ofSeconds(1),
                        50,
                        Scope.SOURCE,
                        Unit.CALLS,
                        Verdict.DROP,
                        Mode.ENFORCE,
                        LimitPolicy.V4_BITS_DEFAULT,
                        LimitPolicy.V6_BITS_DEFAULT,
                        LimitPolicy.ROLLUP_DEFAULT));
        assertThat(limit.place()).hasToString("policy.yaml:9:3");
    }

    @Test
    void readsEveryKey() {
        LimitPolicy limit = limit("rate: 10/min, burst: 7, per: prefix, in: calls, over: hide, mode: audit,"
                + " prefix: { v4: 20, v6: 48 }, rollup: 5");
        assertThat(limit)
                .isEqualTo(new LimitPolicy(
                        "a",
                        limit.place(),
                        10,
                        Duration.ofMinutes(1),
                        7,
                        Scope.PREFIX,
                        Unit.CALLS,
                        Verdict.HIDE,
                        Mode.AUDIT,
                        20,
                        48,
                        5));
        assertThat(limit("rate: 3/h, per: listener, over: refuse").per()).isEqualTo(Scope.LISTENER);
        assertThat(limit("rate: 3/h, per: rule, over: refuse").over()).isEqualTo(Verdict.REFUSE);
    }

    @Test
    void burstIsWhatThePeriodGivesUnlessWritten() {
        assertThat(limit("rate: 1/h").burst()).isEqualTo(1);
        assertThat(limit("rate: 90/min").burst()).isEqualTo(90);
        assertThat(limit("rate: 20KiB/s").burst()).isEqualTo(20 << 10);
        assertThat(limit("rate: 20KiB/s, burst: 1MiB").burst()).isEqualTo(1 << 20);
    }

    @Test
    void aRateInBytesCountsBytes() {
        LimitPolicy limit = limit("rate: 2KiB/min");
        assertThat(limit.unit()).isEqualTo(Unit.REPLY_BYTES);
        assertThat(limit.tokens()).isEqualTo(2048);
        assertThat(limit("rate: 2KiB/min, in: reply-bytes").sharesBucketsWith(limit))
                .isTrue();
    }

    @Test
    void keepsTheOrderOfThePolicyAndOfTheRule() {
        Policy policy = TestFiles.policy(TestFiles.FRAME + """
                limits: { c: { rate: 1/s }, a: { rate: 2/s }, b: { rate: 3/s } }
                rules:
                  - { name: one, from: 10.1.0.0/24, call: lookup, then: allow, limit: [b, c, b] }
                  - { name: other, from: 10.2.0.0/24, call: lookup, then: hide, limit: a }
                  - { name: none, from: 10.3.0.0/24, then: refuse }
                """);
        assertThat(policy.limits()).containsOnlyKeys("c", "a", "b");
        assertThat(policy.limits().keySet()).containsExactly("c", "a", "b");
        assertThat(limitsOf(policy, "one")).containsExactly("b", "c");
        assertThat(limitsOf(policy, "other")).containsExactly("a");
        assertThat(limitsOf(policy, "none")).isEmpty();
    }

    private static List<String> limitsOf(Policy policy, String rule) {
        return policy.rules().rules().stream()
                .filter(r -> r.name().equals(rule))
                .map(Rule::limits)
                .findFirst()
                .orElseThrow()
                .stream()
                .map(LimitPolicy::name)
                .toList();
    }

    @Test
    void boundsHowManyLimitsThereAre() {
        StringBuilder limits = new StringBuilder();
        for (int i = 0; i < LimitsReader.MOST_LIMITS; i++) {
            limits.append("l").append(i).append(": { rate: 1/s }\n");
        }
        assertThat(policy(limits.toString()).limits()).hasSize(LimitsReader.MOST_LIMITS);
        limits.append("more: { rate: 1/s }\n");
        assertThat(TestFiles.report(
                        TestFiles.FRAME + "limits:\n" + limits.toString().indent(2) + "rules: []\n"))
                .contains("error[E121]: a policy has 64 limits at most");
    }
}

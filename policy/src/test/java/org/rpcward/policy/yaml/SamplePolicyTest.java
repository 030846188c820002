package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.EnumerationPolicy.Reaction;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.rpcward.policy.net.IpAddress;

/** A policy with every key at once takes effect, with the warnings that it deserves and no others. */
class SamplePolicyTest {
    private static final LoadResult RESULT = TestFiles.load(TestFiles.BROKEN.resolve("full-sample.yaml"));

    @Test
    void hasOnlyWarningsAboutListings() {
        assertThat(RESULT.problems()).extracting(Problem::code).containsExactly("W212", "W212", "W215");
    }

    @Test
    void meansWhatItSays() {
        Policy policy = Objects.requireNonNull(RESULT.policy());
        assertThat(policy.limits()).containsOnlyKeys("lookups", "lists");
        LimitPolicy lookups = Objects.requireNonNull(policy.limits().get("lookups"));
        LimitPolicy lists = Objects.requireNonNull(policy.limits().get("lists"));
        assertThat(lookups.tokens()).isEqualTo(50);
        assertThat(lookups.burst()).isEqualTo(200);
        assertThat(policy.rules().rules())
                .filteredOn(r -> !r.isBuiltin())
                .extracting(Rule::limits)
                .containsExactly(List.of(lookups), List.of(lists), List.of(lists), List.of(), List.of());
        assertThat(policy.enumeration())
                .isEqualTo(new EnumerationPolicy(Reaction.HINDER, 20, 60, Duration.ofMinutes(1)));
        assertThat(policy.bans().factor()).isEqualTo(4);
        assertThat(policy.bans().longest()).isEqualTo(Duration.ofDays(1));
        assertThat(policy.bans().never().contains(IpAddress.parse("10.1.5.7").orElseThrow()))
                .isTrue();
        assertThat(policy.bans().never().contains(IpAddress.parse("10.1.5.8").orElseThrow()))
                .isFalse();
    }
}

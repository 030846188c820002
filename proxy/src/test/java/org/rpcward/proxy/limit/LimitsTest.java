package org.rpcward.proxy.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Policies;

class LimitsTest {
    private static final IpAddress CLIENT = address("198.51.100.7");
    private static final IpAddress NEIGHBOUR = address("198.51.100.8");
    private static final IpAddress ELSEWHERE = address("203.0.113.9");

    private final FakeClock clock = new FakeClock();

    // Tokens.

    @ParameterizedTest
    @CsvSource({
        "10/s,   1, PT0.1S",
        "10/s,   5, PT0.1S",
        "50/s, 200, PT0.02S",
        "3/s,    4, PT0.333333334S",
        "1/min,  2, PT1M",
        "1/h,    3, PT1H",
        "7/h,    3, PT8M34.285714286S",
        "1000000/s, 100000, PT0.000001S"
    })
    void aSourceHasItsBurstAndThenWhatComesBack(String rate, int burst, Duration perToken) {
        Limits limits = limits("{ rate: " + rate + ", burst: " + burst + ", per: source }");

        assertThat(passing(limits, CLIENT, burst + 10)).isEqualTo(burst);
        clock.pass(perToken.minusNanos(2));
        assertThat(passing(limits, CLIENT, 1)).isZero();
        clock.pass(Duration.ofNanos(2));
        assertThat(passing(limits, CLIENT, 2)).isEqualTo(1);
        clock.pass(perToken.multipliedBy(burst).multipliedBy(1000));
        assertThat(passing(limits, CLIENT, burst + 10)).isEqualTo(burst);
    }

    @ParameterizedTest
    @CsvSource({"prefix, 198.51.100.8, 203.0.113.9", "listener, 203.0.113.9, ", "rule, 2001:db8::1, "})
    void whoSharesABucketSharesItsTokens(String per, String sharing, @Nullable String other) {
        Limits limits = limits("{ rate: 1/s, burst: 5, per: " + per + " }");

        assertThat(passing(limits, CLIENT, 3)).isEqualTo(3);
        assertThat(passing(limits, address(sharing), 10)).isEqualTo(2);
        if (other != null) {
            assertThat(passing(limits, address(other), 10)).isEqualTo(5);
        }
    }

    @Test
    void sourcesHaveBucketsOfTheirOwn() {
        Limits limits = limits("{ rate: 1/s, burst: 5, per: source }");

        assertThat(passing(limits, CLIENT, 100)).isEqualTo(5);
        assertThat(passing(limits, NEIGHBOUR, 100)).isEqualTo(5);
        assertThat(passing(limits, ELSEWHERE, 100)).isEqualTo(5);
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void callsOverUdpAndTcpAreCountedApart(Transport flooded) {
        for (String per : new String[] {"source", "prefix", "listener", "rule"}) {
            Limits limits = limits("{ rate: 1/s, burst: 5, per: " + per + " }");
            LimitSet set = limits.of(rule(limits));
            Transport other = flooded == Transport.UDP ? Transport.TCP : Transport.UDP;
            for (int i = 0; i < 100; i++) {
                set.charge(CLIENT, flooded, Policies.LISTENER);
            }
            assertThat(set.charge(CLIENT, flooded, Policies.LISTENER)).isNotZero();
            assertThat(set.charge(CLIENT, other, Policies.LISTENER)).isZero();
        }
    }

    private Policy policy = Policies.of("rules: []\n");

    private Rule rule(Limits limits) {
        return policy.rules().rules().stream()
                .filter(r -> r.name().equals("look up"))
                .findFirst()
                .orElseThrow();
    }

    private Limits limits(String limit) {
        policy = Policies.of("""
                limits: { it: %s }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: it }
                """.formatted(limit));
        return Limits.of(policy, clock, null);
    }

    private int passing(Limits limits, IpAddress source, int calls) {
        int passed = 0;
        for (int i = 0; i < calls; i++) {
            passed += limits.of(rule(limits)).charge(source, Transport.UDP, Policies.LISTENER) == 0 ? 1 : 0;
        }
        return passed;
    }

    private static IpAddress address(String text) {
        return IpAddress.parse(text).orElseThrow();
    }
}

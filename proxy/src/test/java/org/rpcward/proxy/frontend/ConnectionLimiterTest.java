package org.rpcward.proxy.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;

class ConnectionLimiterTest {
    private static final IpAddress ONE = IpAddress.v4(1);
    private static final IpAddress OTHER = IpAddress.v4(2);

    private final ConnectionLimiter limiter = new ConnectionLimiter();

    @Test
    void letsInAsManyOfASourceAsAllowed() {
        assertThat(limiter.enter(ONE, limits(10, 2))).isTrue();
        assertThat(limiter.enter(ONE, limits(10, 2))).isTrue();
        assertThat(limiter.enter(ONE, limits(10, 2))).isFalse();
        assertThat(limiter.enter(OTHER, limits(10, 2))).isTrue();
        assertThat(limiter.open()).isEqualTo(3);

        limiter.leave(ONE);
        assertThat(limiter.enter(ONE, limits(10, 2))).isTrue();
    }

    @Test
    void letsInAsManyInAllAsAllowed() {
        assertThat(limiter.enter(ONE, limits(2, 9))).isTrue();
        assertThat(limiter.enter(OTHER, limits(2, 9))).isTrue();
        assertThat(limiter.enter(IpAddress.v4(3), limits(2, 9))).isFalse();

        limiter.leave(OTHER);
        assertThat(limiter.enter(IpAddress.v4(3), limits(2, 9))).isTrue();
    }

    @Test
    void keepsNothingOfWhoIsTurnedAwayOrHasLeft() {
        for (int i = 0; i < 1000; i++) {
            assertThat(limiter.enter(IpAddress.v4(i), limits(1, 1))).isTrue();
            assertThat(limiter.enter(IpAddress.v4(i), limits(1, 1))).isFalse();
            limiter.leave(IpAddress.v4(i));
        }
        assertThat(limiter.open()).isZero();
        assertThat(limiter)
                .extracting("bySource")
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
                .isEmpty();
    }

    @Test
    void takesTheLimitsOfThePolicyThatIsInForce() {
        assertThat(limiter.enter(ONE, limits(10, 5))).isTrue();
        assertThat(limiter.enter(ONE, limits(10, 1))).isFalse();
        assertThat(limiter.enter(ONE, limits(10, 2))).isTrue();
    }

    private static ListenerPolicy.Tcp limits(int maxConnections, int maxPerSource) {
        return new ListenerPolicy.Tcp(
                maxConnections, maxPerSource, Duration.ofSeconds(15), Duration.ofSeconds(3), 4096, 64);
    }
}

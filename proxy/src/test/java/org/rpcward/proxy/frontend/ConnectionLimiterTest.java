package org.rpcward.proxy.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;

class ConnectionLimiterTest {
    private static final IpAddress ONE = IpAddress.v4(0x0a00_0001);
    private static final IpAddress NEIGHBOUR = IpAddress.v4(0x0a00_00ff);
    private static final IpAddress OTHER = IpAddress.v4(0x0a00_0101);
    private static final int ANY = 10_000;

    private long nanos = 1 << 20;
    private int level;
    private final ConnectionLimiter limiter = new ConnectionLimiter(() -> nanos, () -> level);

    @Test
    void letsInAsManyOfASourceAsAllowed() {
        ConnectionLimiter.Seat first = known(ONE, limits(10, 2, ANY));
        known(ONE, limits(10, 2, ANY));
        assertTurnedAway(ONE, true, limits(10, 2, ANY), Admission.PER_SOURCE_LIMIT);
        known(OTHER, limits(10, 2, ANY));
        assertThat(limiter.open()).isEqualTo(3);

        first.leave(CloseReason.CLIENT);
        known(ONE, limits(10, 2, ANY));
        assertThat(limiter.closed(CloseReason.CLIENT)).isEqualTo(1);
        assertThat(limiter.admitted("lan", Admission.ACCEPTED)).isEqualTo(4);
    }

    @Test
    void countsASourceOverAllListeners() {
        known("lan", ONE, limits(10, 2, ANY));
        known("dmz", ONE, limits(10, 2, ANY));

        assertTurnedAway(ONE, true, limits(10, 2, ANY), Admission.PER_SOURCE_LIMIT);
        assertThat(limiter.openByListener()).containsOnly(entry("lan", 1), entry("dmz", 1));
    }

    @Test
    void letsInAsManyOfAPrefixAsAllowed() {
        known(ONE, limits(10, 9, 2));
        ConnectionLimiter.Seat second = known(NEIGHBOUR, limits(10, 9, 2));
        assertTurnedAway(ONE, true, limits(10, 9, 2), Admission.PER_PREFIX_LIMIT);
        known(OTHER, limits(10, 9, 2));

        second.leave(CloseReason.IDLE);
        known(ONE, limits(10, 9, 2));
    }

    @Test
    void aPrefixOfIpv6HasFiftySixBits() {
        known(v6("2001:db8:0:1::1"), limits(10, 9, 1));
        assertTurnedAway(v6("2001:db8:0:ff:1::2"), true, limits(10, 9, 1), Admission.PER_PREFIX_LIMIT);
        known(v6("2001:db8:0:100::1"), limits(10, 9, 1));
    }

    @Test
    void letsInAsManyInAllAsAllowed() {
        known(ONE, limits(2, 9, ANY));
        ConnectionLimiter.Seat second = known(OTHER, limits(2, 9, ANY));
        assertTurnedAway(IpAddress.v4(3), true, limits(2, 9, ANY), Admission.GLOBAL_LIMIT);

        second.leave(CloseReason.CLIENT);
        known(IpAddress.v4(3), limits(2, 9, ANY));
    }

    @Test
    void letsInNoMoreThanTheProcessCanHave() {
        limiter.capAt(2);
        known("lan", ONE, limits(9, 9, ANY));
        known("dmz", OTHER, limits(9, 9, ANY));

        assertTurnedAway(IpAddress.v4(3), true, limits(9, 9, ANY), Admission.DESCRIPTOR_LIMIT);
    }

    @Test
    void strangersGetHalfOfTheConnections() {
        for (int i = 0; i < 5; i++) {
            stranger(IpAddress.v4(i << 8), limits(10, 9, ANY));
        }
        assertTurnedAway(IpAddress.v4(9 << 8), false, limits(10, 9, ANY), Admission.STRANGERS_LIMIT);
        for (int i = 0; i < 5; i++) {
            known(IpAddress.v4(i << 8), limits(10, 9, ANY));
        }
        assertTurnedAway(ONE, true, limits(10, 9, ANY), Admission.GLOBAL_LIMIT);
    }

    @Test
    void strangersGetHalfOfWhatTheProcessCanHave() {
        limiter.capAt(3);
        ConnectionLimiter.Seat first = stranger(ONE, limits(10, 9, ANY));
        assertTurnedAway(OTHER, false, limits(10, 9, ANY), Admission.STRANGERS_LIMIT);
        known(OTHER, limits(10, 9, ANY));
        first.leave(CloseReason.CLIENT);

        stranger(OTHER, limits(10, 9, ANY));
    }

    @Test
    void aSourceMayOpenFiveSecondsWorthOfConnectionsAtOnceAndThenAsManyASecond() {
        ListenerPolicy.Tcp limits = rates(ANY, 4);
        for (int i = 0; i < 20; i++) {
            known(ONE, limits).leave(CloseReason.CLIENT);
        }
        assertTurnedAway(ONE, true, limits, Admission.RATE_LIMIT);
        known(OTHER, limits);

        pass(Duration.ofMillis(249));
        assertTurnedAway(ONE, true, limits, Admission.RATE_LIMIT);
        pass(Duration.ofMillis(1));
        known(ONE, limits).leave(CloseReason.CLIENT);
        assertTurnedAway(ONE, true, limits, Admission.RATE_LIMIT);
    }

    @Test
    void aPrefixMayOpenFiveSecondsWorthOfConnectionsAtOnceAndThenAsManyASecond() {
        ListenerPolicy.Tcp limits = rates(ANY, ANY, 4);
        for (int i = 0; i < 20; i++) {
            known(IpAddress.v4(0x0a00_0000 + i), limits).leave(CloseReason.CLIENT);
        }
        assertTurnedAway(NEIGHBOUR, true, limits, Admission.PER_PREFIX_RATE_LIMIT);
        known(OTHER, limits);

        pass(Duration.ofMillis(249));
        assertTurnedAway(NEIGHBOUR, true, limits, Admission.PER_PREFIX_RATE_LIMIT);
        pass(Duration.ofMillis(1));
        known(NEIGHBOUR, limits).leave(CloseReason.CLIENT);
        assertTurnedAway(NEIGHBOUR, true, limits, Admission.PER_PREFIX_RATE_LIMIT);
    }

    /** Who has a whole /56 to connect from takes nothing of what is there for all. */
    @Test
    void aPrefixThatIsTurnedAwayForItsOwnSakeCostsTheOthersNothing() {
        ListenerPolicy.Tcp limits = rates(10, 10, 1);
        for (int i = 0; i < 1000; i++) {
            limiter.enter("lan", limits, new IpAddress(0x2001_0db8_0000_0001L, i), true);
        }
        assertThat(limiter.admitted("lan", Admission.ACCEPTED)).isEqualTo(5);
        assertThat(limiter.admitted("lan", Admission.PER_PREFIX_RATE_LIMIT)).isEqualTo(995);
        for (int i = 0; i < 15; i++) {
            known(IpAddress.v4(i << 8), limits);
        }
    }

    @Test
    void allSourcesMayOpenTwoSecondsWorthOfConnectionsAtOnceAndThenAsManyASecond() {
        ListenerPolicy.Tcp limits = rates(10, 10);
        for (int i = 0; i < 20; i++) {
            known(IpAddress.v4(i), limits);
        }
        assertTurnedAway(ONE, true, limits, Admission.GLOBAL_RATE_LIMIT);
        pass(Duration.ofMillis(100));
        known(ONE, limits);
        assertTurnedAway(OTHER, true, limits, Admission.GLOBAL_RATE_LIMIT);
    }

    @Test
    void strangersGetHalfOfTheNewConnections() {
        ListenerPolicy.Tcp limits = rates(10, 10);
        for (int i = 0; i < 10; i++) {
            stranger(IpAddress.v4(i), limits);
        }
        assertTurnedAway(ONE, false, limits, Admission.GLOBAL_RATE_LIMIT);
        for (int i = 0; i < 10; i++) {
            known(IpAddress.v4(i), limits);
        }
        assertTurnedAway(ONE, true, limits, Admission.GLOBAL_RATE_LIMIT);
    }

    @Test
    void whoIsTurnedAwayForItsOwnSakeCostsTheOthersNothing() {
        ListenerPolicy.Tcp limits = rates(10, 1);
        for (int i = 0; i < 5; i++) {
            known(ONE, limits);
        }
        for (int i = 0; i < 1000; i++) {
            assertTurnedAway(ONE, true, limits, Admission.RATE_LIMIT);
        }
        for (int i = 0; i < 15; i++) {
            known(IpAddress.v4(i), limits);
        }
    }

    @Test
    void underPressureOnlyKnownSourcesMayComeIn() {
        level = 2;
        assertTurnedAway(ONE, false, limits(10, 9, ANY), Admission.OVERLOAD);
        known(ONE, limits(10, 9, ANY));
        level = 1;
        stranger(OTHER, limits(10, 9, ANY));
    }

    @Test
    void takesTheLimitsOfThePolicyThatIsInForce() {
        known(ONE, limits(10, 5, ANY));
        assertTurnedAway(ONE, true, limits(10, 1, ANY), Admission.PER_SOURCE_LIMIT);
        known(ONE, limits(10, 2, ANY));

        for (int i = 0; i < 2; i++) {
            known(OTHER, rates(1, 1));
        }
        assertTurnedAway(OTHER, true, rates(1, 1), Admission.GLOBAL_RATE_LIMIT);
        known(OTHER, rates(2, 1));
        assertThat(limiter.openByListener()).containsOnly(entry("lan", 5));
    }

    @Test
    void aListenerThatIsGoneIsForgottenWithItsLastConnection() {
        ConnectionLimiter.Seat seat = known(ONE, limits(10, 5, ANY));
        limiter.retain(List.of("dmz"));
        assertThat(limiter.openByListener()).containsOnly(entry("lan", 1));
        seat.leave(CloseReason.CLIENT);
        limiter.retain(List.of("dmz"));

        assertThat(limiter.openByListener()).isEmpty();
    }

    @Test
    void keepsASourceNoLongerThanItsRateIsBusy() {
        ListenerPolicy.Tcp limits = rates(ANY, 1);
        for (int i = 0; i < 10_000; i++) {
            known(IpAddress.v4(i), limits).leave(CloseReason.CLIENT);
            pass(Duration.ofMillis(1));
            assertThat(limiter)
                    .extracting("sources", InstanceOfAssertFactories.MAP)
                    .hasSizeLessThanOrEqualTo(1001);
        }
        pass(Duration.ofSeconds(1));
        for (int i = 0; i < 200; i++) {
            known(ONE, limits(ANY, ANY, ANY)).leave(CloseReason.CLIENT);
        }
        assertThat(limiter).extracting("sources", InstanceOfAssertFactories.MAP).hasSize(1);
        assertThat(limiter)
                .extracting("prefixes", InstanceOfAssertFactories.MAP)
                .hasSize(1);
        pass(Duration.ofSeconds(1));
        known(v6("2001:db8::1"), limits).leave(CloseReason.CLIENT);
        assertThat(limiter)
                .extracting("prefixes", InstanceOfAssertFactories.MAP)
                .hasSize(1);
    }

    @Test
    void eachListenerCountsForItself() {
        ListenerPolicy.Tcp limits = limits(1, 9, ANY);
        ConnectionLimiter.Seat seat = known("lan", ONE, limits);
        assertThat(limiter.enter("lan", limits, OTHER, true)).isNull();
        known("dmz", OTHER, limits);
        limiter.banned("dmz", limits);

        assertThat(limiter.admitted("lan", Admission.ACCEPTED)).isEqualTo(1);
        assertThat(limiter.admitted("lan", Admission.GLOBAL_LIMIT)).isEqualTo(1);
        assertThat(limiter.admitted("lan", Admission.BANNED)).isZero();
        assertThat(limiter.admitted("dmz", Admission.ACCEPTED)).isEqualTo(1);
        assertThat(limiter.admitted("dmz", Admission.BANNED)).isEqualTo(1);
        assertThat(limiter.admitted("none", Admission.ACCEPTED)).isZero();
        seat.leave(CloseReason.CLIENT);
        assertThat(limiter.admitted("lan", Admission.ACCEPTED)).isEqualTo(1);
    }

    @Test
    void countsExactlyWhateverComesAndGoes() {
        Random random = new Random(7);
        ListenerPolicy.Tcp limits = limits(50, 3, 8);
        ArrayDeque<ConnectionLimiter.Seat> open = new ArrayDeque<>();
        for (int i = 0; i < 100_000; i++) {
            pass(Duration.ofMillis(random.nextInt(20)));
            IpAddress source = IpAddress.v4(random.nextInt(64) << 6);
            ConnectionLimiter.Seat seat = limiter.enter("lan", limits, source, random.nextBoolean());
            if (seat != null) {
                open.add(seat);
            }
            while (!open.isEmpty() && random.nextInt(3) == 0) {
                open.remove().leave(CloseReason.CLIENT);
            }
            assertThat(limiter.open()).isEqualTo(open.size());
            assertThat(limiter.open()).isLessThanOrEqualTo(50);
            List<ConnectionLimiter.Seat> ofSource = new ArrayList<>(open);
            ofSource.removeIf(s -> !s.source().equals(source));
            assertThat(ofSource).hasSizeLessThanOrEqualTo(3);
        }
        open.forEach(s -> s.leave(CloseReason.CLIENT));
        assertThat(limiter.open()).isZero();
        assertThat(limiter.closed(CloseReason.CLIENT)).isEqualTo(limiter.admitted("lan", Admission.ACCEPTED));
    }

    private void pass(Duration duration) {
        nanos += duration.toNanos();
    }

    private ConnectionLimiter.Seat known(IpAddress source, ListenerPolicy.Tcp limits) {
        return known("lan", source, limits);
    }

    private ConnectionLimiter.Seat known(String listener, IpAddress source, ListenerPolicy.Tcp limits) {
        return Objects.requireNonNull(limiter.enter(listener, limits, source, true));
    }

    private ConnectionLimiter.Seat stranger(IpAddress source, ListenerPolicy.Tcp limits) {
        return Objects.requireNonNull(limiter.enter("lan", limits, source, false));
    }

    private void assertTurnedAway(IpAddress source, boolean known, ListenerPolicy.Tcp limits, Admission why) {
        long before = limiter.admitted("lan", why);
        ConnectionLimiter.@Nullable Seat seat = limiter.enter("lan", limits, source, known);
        assertThat(seat).isNull();
        assertThat(limiter.admitted("lan", why)).isEqualTo(before + 1);
    }

    private static IpAddress v6(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    private static ListenerPolicy.Tcp limits(int maxConnections, int maxPerSource, int maxPerPrefix) {
        return limits(maxConnections, maxPerSource, maxPerPrefix, ANY, ANY, ANY);
    }

    private static ListenerPolicy.Tcp rates(int newPerSecond, int newPerSource) {
        return rates(newPerSecond, newPerSource, ANY);
    }

    private static ListenerPolicy.Tcp rates(int newPerSecond, int newPerSource, int newPerPrefix) {
        return limits(ANY, ANY, ANY, newPerSecond, newPerSource, newPerPrefix);
    }

    private static ListenerPolicy.Tcp limits(
            int maxConnections,
            int maxPerSource,
            int maxPerPrefix,
            int newPerSecond,
            int newPerSource,
            int newPerPrefix) {
        ListenerPolicy.Tcp rest = ListenerPolicy.Tcp.DEFAULT;
        return new ListenerPolicy.Tcp(
                maxConnections,
                maxPerSource,
                maxPerPrefix,
                newPerSecond,
                newPerSource,
                newPerPrefix,
                rest.idle(),
                rest.firstRecord(),
                rest.record(),
                rest.life(),
                rest.maxRecord(),
                rest.maxPipelined(),
                rest.maxCalls());
    }
}

package org.rpcward.proxy.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.LimitPolicy;
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
            LimitSet set = limits.of(rule());
            Transport other = flooded == Transport.UDP ? Transport.TCP : Transport.UDP;
            for (int i = 0; i < 100; i++) {
                set.charge(CLIENT, flooded, Policies.LISTENER, clock.getAsLong());
            }
            assertThat(set.charge(CLIENT, flooded, Policies.LISTENER, clock.getAsLong()))
                    .isNotZero();
            assertThat(set.charge(CLIENT, other, Policies.LISTENER, clock.getAsLong()))
                    .isZero();
        }
    }

    @Test
    void aClockThatGoesBackBringsNothingAndTakesNothing() {
        Limits limits = limits("{ rate: 1/s, burst: 5, per: source }");
        clock.pass(Duration.ofHours(1));
        assertThat(passing(limits, CLIENT, 3)).isEqualTo(3);
        clock.pass(Duration.ofMinutes(-30));
        assertThat(passing(limits, CLIENT, 10)).isEqualTo(2);
        clock.pass(Duration.ofMinutes(30).plusSeconds(1));
        assertThat(passing(limits, CLIENT, 10)).isEqualTo(1);
    }

    // Prefixes.

    @ParameterizedTest
    @CsvSource({
        "'v4: 24', 198.51.100.255, 198.51.101.0",
        "'v4: 32', 198.51.100.7, 198.51.100.6",
        "'v4: 8', 198.255.255.255, 199.0.0.0",
        "'v4: 20', 198.51.96.0, 198.51.112.0"
    })
    void prefixesAreAsWideAsTheLimitSays(String widths, String inside, String outside) {
        Limits limits = limits("{ rate: 1/s, burst: 5, per: prefix, prefix: { " + widths + " } }");

        assertThat(passing(limits, CLIENT, 5)).isEqualTo(5);
        assertThat(passing(limits, address(inside), 1)).isZero();
        assertThat(passing(limits, address(outside), 1)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "56, 2001:db8:1:2ff::9, 2001:db8:1:300::",
        "64, 2001:db8:1:200:ffff::, 2001:db8:1:201::",
        "48, 2001:db8:1:ffff::, 2001:db8:2::",
        "96, 2001:db8:1:200::ffff:ffff, 2001:db8:1:200:0:1::",
        "128, 2001:db8:1:200::1, 2001:db8:1:200::2"
    })
    void soAreThoseOfIpv6(int width, String inside, String outside) {
        Limits limits = limits("{ rate: 1/s, burst: 5, per: prefix, prefix: { v6: " + width + " } }");

        assertThat(passing(limits, address("2001:db8:1:200::1"), 5)).isEqualTo(5);
        assertThat(passing(limits, address(inside), 1)).isZero();
        assertThat(passing(limits, address(outside), 1)).isEqualTo(1);
        assertThat(passing(limits, CLIENT, 1)).isEqualTo(1);
    }

    // Newcomers.

    @Test
    void aNewcomerIsChargedToItsPrefixAndWhoComesAgainHasABucket() {
        Limits limits = limits("{ rate: 1/s, burst: 5, per: source }");
        for (int i = 0; i < 100; i++) {
            assertThat(passing(limits, numbered(CLIENT, i), 1)).isEqualTo(1);
        }
        assertThat(state(limits).held()).isZero();
        assertThat(state(limits).shared()).isEqualTo(100);

        assertThat(passing(limits, CLIENT, 1)).isEqualTo(1);
        assertThat(passing(limits, CLIENT, 1)).isEqualTo(1);
        assertThat(state(limits).held()).isEqualTo(1);
    }

    @Test
    void whoComesAgainAfterAWhileIsANewcomer() {
        Limits limits = limits("{ rate: 1/s, burst: 5, per: source }");
        for (int i = 0; i < 300; i++) {
            assertThat(passing(limits, CLIENT, 1)).isEqualTo(1);
            clock.pass(Duration.ofSeconds(20));
        }
        assertThat(state(limits).held()).isZero();
    }

    @Test
    void changingAddressesInsideAPrefixBringsNoMoreThanThePrefixHas() {
        for (String base : new String[] {"198.51.100.0", "2001:db8:1:200::"}) {
            Limits limits = limits("{ rate: 1/s, burst: 5, per: source, rollup: 4 }");
            int passed = 0;
            for (int round = 0; round < 4; round++) {
                for (int i = 0; i < 256; i++) {
                    passed += passing(limits, numbered(address(base), i), 3);
                }
            }
            assertThat(passed).isEqualTo(20);
        }
    }

    @Test
    void clientsThatStartAtOnceShareWhatTheirPrefixHas() {
        Limits limits = limits("{ rate: 10/s, burst: 100, per: source, rollup: 4 }");
        for (int i = 0; i < 80; i++) {
            assertThat(passing(limits, numbered(CLIENT, i), 5)).isEqualTo(5);
        }
        assertThat(passing(limits, numbered(CLIENT, 0), 1)).isZero();
        clock.pass(Duration.ofSeconds(1));
        for (int i = 0; i < 80; i++) {
            assertThat(passing(limits, numbered(CLIENT, i), 10)).isEqualTo(10);
        }
    }

    @Test
    void whatASourceHasAndMayDrawFromItsPrefixIsNeverMoreThanItsBurst() {
        Limits limits = limits("{ rate: 10/s, burst: 100, per: source }");
        assertThat(passing(limits, CLIENT, 2)).isEqualTo(2);
        for (int i = 0; i < 5; i++) {
            clock.pass(Duration.ofSeconds(i));
            passing(limits, CLIENT, 1);
        }
        clock.pass(Duration.ofSeconds(10));
        assertThat(passing(limits, CLIENT, 300)).isEqualTo(100);
    }

    @Test
    void aPrefixThatIsUsedUpHindersNobodyWithABucket() {
        Limits limits = limits("{ rate: 10/s, burst: 20, per: source, rollup: 1 }");
        passing(limits, CLIENT, 2);
        passing(limits, NEIGHBOUR, 100);
        clock.pass(Duration.ofSeconds(1));
        for (int i = 10; i < 100; i++) {
            passing(limits, numbered(CLIENT, i), 10);
        }
        assertThat(passing(limits, CLIENT, 10)).isEqualTo(10);
    }

    @Test
    void aMillionForgedNeighboursNeitherSlowNorPushOutWhoHasABucket() {
        Limits limits = limits("{ rate: 10/s, burst: 20, per: source }");
        assertThat(passing(limits, CLIENT, 10)).isEqualTo(10);
        clock.pass(Duration.ofSeconds(1));
        for (int i = 0; i < 1_000_000; i++) {
            // Each of them twice, so that as many as can get a bucket.
            passing(limits, numbered(address("198.48.0.0"), i), 2);
            if (i % 10_000 == 0) {
                assertThat(passing(limits, CLIENT, 1)).isEqualTo(1);
                clock.pass(Duration.ofMillis(100));
            }
        }
        LimitState state = state(limits);
        assertThat(state.held()).isBetween(10_000L, (long) BucketTable.CAPACITY);
        assertThat(state.refused()).isPositive();
        assertThat(passing(limits, CLIENT, 30)).isBetween(10, 20);
    }

    @Test
    void aPlaceIsGivenAwayOnlyOnceItsBucketIsFullAgain() {
        Limits limits = limits("{ rate: 1/min, burst: 5, per: source }");
        IpAddress base = address("10.0.0.0");
        for (int i = 0; i < 60_000; i++) {
            passing(limits, numbered(base, i), 2);
        }
        LimitState before = state(limits);
        assertThat(before.held()).isEqualTo(BucketTable.CAPACITY);
        assertThat(before.replaced()).isZero();
        assertThat(before.refused()).isPositive();

        clock.pass(Duration.ofMinutes(4).plusSeconds(50));
        for (int i = 100_000; i < 101_000; i++) {
            passing(limits, numbered(base, i), 2);
        }
        assertThat(state(limits).replaced()).isZero();
        clock.pass(Duration.ofSeconds(10));
        long refused = state(limits).refused();
        for (int i = 200_000; i < 201_000; i++) {
            passing(limits, numbered(base, i), 2);
        }
        LimitState after = state(limits);
        assertThat(after.held()).isEqualTo(BucketTable.CAPACITY);
        assertThat(after.replaced()).isEqualTo(1000);
        assertThat(after.refused()).isEqualTo(refused);
    }

    @Test
    void aPlaceIsKeptForAMinuteThoughItsBucketIsFull() {
        Limits limits = limits("{ rate: 1000/s, burst: 5, per: source }");
        for (int i = 0; i < 60_000; i++) {
            passing(limits, numbered(address("10.0.0.0"), i), 2);
        }
        clock.pass(BucketTable.KEPT.minusNanos(1));
        passing(limits, ELSEWHERE, 2);
        assertThat(state(limits).replaced()).isZero();
        clock.pass(Duration.ofNanos(1));
        passing(limits, NEIGHBOUR, 2);
        assertThat(state(limits).replaced()).isEqualTo(1);
    }

    @Test
    void whoFoundNoPlaceGoesOnWithItsPrefix() {
        Limits limits = limits("{ rate: 1/h, burst: 5, per: source, rollup: 1000 }");
        for (int i = 0; i < 60_000; i++) {
            passing(limits, numbered(address("10.0.0.0"), i), 2);
        }
        assertThat(passing(limits, ELSEWHERE, 1_000_000))
                .isGreaterThanOrEqualTo(5)
                .isLessThanOrEqualTo(5000);
    }

    @ParameterizedTest
    @CsvSource({"source", "prefix"})
    void strangersDoNotKeepKnownSourcesFromHavingABucket(String per) {
        policy = Policies.of("""
                limits: { it: { rate: 1/h, burst: 5, per: %s, prefix: { v4: 32 } } }
                rules:
                  - { name: look up, from: 10.0.0.0/8, call: lookup, then: allow, limit: it }
                  - { name: anybody, from: any, call: ping, then: allow }
                  - { name: others, from: any, then: refuse, limit: it }
                """.formatted(per));
        Limits limits = Limits.of(policy, null);
        for (int i = 0; i < 1_000_000; i++) {
            passing(limits, numbered(address("172.16.0.0"), i), 2);
        }
        LimitState flooded = state(limits);
        assertThat(flooded.held()).isLessThanOrEqualTo(BucketTable.CAPACITY / 4);

        int limited = 0;
        for (int i = 0; i < 2000; i++) {
            limited += passing(limits, numbered(address("10.1.0.0"), i * 256), 10) == 5 ? 1 : 0;
        }
        // Where more than six fall into one line by chance, the seventh has no place of its own.
        assertThat(limited).isBetween(1990, 2000);
        assertThat(state(limits).held()).isBetween(flooded.held() + 1990, flooded.held() + 2000);
        assertThat(state(limits).refused()).isLessThanOrEqualTo(flooded.refused() + 10 * 10);
    }

    // Several limits.

    @Test
    void aCallThatOneLimitTurnsAwayIsChargedToNone() {
        policy = Policies.of("""
                limits:
                  all: { rate: 1/h, burst: 10, per: listener }
                  tried: { rate: 1/h, burst: 1, per: listener, mode: audit }
                  each: { rate: 1/h, burst: 3, per: source }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: [all, tried, each] }
                """);
        Limits limits = Limits.of(policy, null);
        LimitSet set = limits.of(rule());

        assertThat(set.charge(CLIENT, Transport.UDP, Policies.LISTENER, clock.getAsLong()))
                .isZero();
        assertThat(set.charge(CLIENT, Transport.UDP, Policies.LISTENER, clock.getAsLong()))
                .isEqualTo(0b010);
        assertThat(set.charge(CLIENT, Transport.UDP, Policies.LISTENER, clock.getAsLong()))
                .isEqualTo(0b010);
        for (int i = 0; i < 100; i++) {
            assertThat(set.charge(CLIENT, Transport.UDP, Policies.LISTENER, clock.getAsLong()))
                    .isEqualTo(0b110);
        }
        int others = 0;
        for (int i = 0; i < 20; i++) {
            IpAddress other = numbered(ELSEWHERE, i);
            others += (set.charge(other, Transport.UDP, Policies.LISTENER, clock.getAsLong()) & 0b101) == 0 ? 1 : 0;
        }
        assertThat(others).isEqualTo(7);
        assertThat(limits.states()).extracting(s -> s.limit().name()).containsExactly("all", "tried", "each");
        assertThat(limits.states()).extracting(LimitState::enforced).containsExactly(true, false, true);
        assertThat(limits.states()).extracting(LimitState::exceeded).containsExactly(13L, 0L, 100L);
        assertThat(limits.states()).extracting(LimitState::exceededInAudit).containsExactly(0L, 109L, 0L);
    }

    @Test
    void inAuditModeNoLimitIsEnforced() {
        policy = Policies.of("""
                mode: audit
                limits: { it: { rate: 1/h, burst: 1, per: rule } }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: it }
                """);
        Limits limits = Limits.of(policy, null);
        assertThat(passing(limits, CLIENT, 5)).isEqualTo(1);
        assertThat(limits.of(rule()).limit(0).isEnforced()).isFalse();
        assertThat(state(limits).exceeded()).isZero();
        assertThat(state(limits).exceededInAudit()).isEqualTo(4);
    }

    @Test
    void rulesThatShareALimitPerRuleShareNoBucket() {
        policy = Policies.of("""
                limits: { it: { rate: 1/h, burst: 3, per: rule } }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: it }
                  - { name: ping, from: any, call: ping, then: allow, limit: it }
                """);
        Limits limits = Limits.of(policy, null);
        assertThat(passing(limits, CLIENT, 10)).isEqualTo(3);
        assertThat(limits.of(rule("ping")).charge(CLIENT, Transport.UDP, Policies.LISTENER, clock.getAsLong()))
                .isZero();
    }

    @Test
    void aRuleWithoutALimitHasNone() {
        policy = Policies.of("""
                limits: { it: { rate: 1/h, burst: 3, per: rule } }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow }
                """);
        Limits limits = Limits.of(policy, null);
        assertThat(limits.of(rule()).isEmpty()).isTrue();
        assertThat(limits.states()).isEmpty();
        assertThat(limits.ofMalformed(CLIENT).isEmpty()).isTrue();
    }

    // Bytes of reply.

    @Test
    void bytesAreChargedAfterwardsIntoABoundedDebt() {
        Limits limits = limits("{ rate: 100B/s, burst: 1000B, per: source }");
        LimitSet set = limits.of(rule());
        assertThat(passing(limits, CLIENT, 50)).isEqualTo(50);
        settle(set, 999);
        assertThat(passing(limits, CLIENT, 2)).isEqualTo(2);
        settle(set, 100_000);
        settle(set, 100_000);
        assertThat(passing(limits, CLIENT, 1)).isZero();
        clock.pass(Duration.ofSeconds(10));
        assertThat(passing(limits, CLIENT, 1)).isZero();
        clock.pass(Duration.ofMillis(10));
        assertThat(passing(limits, CLIENT, 2)).isEqualTo(2);
        settle(set, 1);
        assertThat(passing(limits, CLIENT, 1)).isZero();
    }

    @Test
    void bytesOfANewcomerAreChargedToItsPrefix() {
        Limits limits = limits("{ rate: 1B/s, burst: 1000B, per: source, rollup: 2 }");
        LimitSet set = limits.of(rule());
        for (int i = 0; i < 2; i++) {
            assertThat(passing(limits, numbered(CLIENT, i), 1)).isEqualTo(1);
            set.settle(1000, numbered(CLIENT, i), Transport.UDP, Policies.LISTENER, clock.getAsLong());
        }
        assertThat(passing(limits, numbered(CLIENT, 9), 1)).isZero();
        assertThat(passing(limits, ELSEWHERE, 1)).isEqualTo(1);
        assertThat(state(limits).held()).isZero();
    }

    @Test
    void aReplyCostsNoCallsAndACallNoBytes() {
        Limits limits = limits("{ rate: 1/h, burst: 3, per: source }");
        passing(limits, CLIENT, 2);
        settle(limits.of(rule()), 1000);
        assertThat(passing(limits, CLIENT, 2)).isEqualTo(1);
    }

    private void settle(LimitSet set, int bytes) {
        set.settle(bytes, CLIENT, Transport.UDP, Policies.LISTENER, clock.getAsLong());
    }

    // Malformed calls.

    @Test
    void malformedCallsAreChargedOnceToEachLimitOfRulesThatNameTheirSource() {
        policy = Policies.of("""
                limits:
                  lookups: { rate: 1/h, burst: 5, per: source }
                  lists: { rate: 1/h, burst: 3, per: source }
                  bytes: { rate: 1B/s, burst: 1B, per: source }
                  foreign: { rate: 1/h, burst: 1, per: source }
                rules:
                  - { name: look up, from: 198.51.100.0/24, call: lookup, then: allow, limit: [lookups, bytes] }
                  - { name: lists, from: 198.51.100.7, call: list, over: tcp, then: allow, limit: [lists, lookups] }
                  - { name: foreign, from: 203.0.113.0/24, call: list, then: hide, limit: foreign }
                """);
        Limits limits = Limits.of(policy, null);

        assertThat(malformed(limits, CLIENT, 100)).isEqualTo(3);
        assertThat(passing(limits, CLIENT, 100)).isEqualTo(2);
        assertThat(malformed(limits, NEIGHBOUR, 100)).isEqualTo(5);
        assertThat(malformed(limits, ELSEWHERE, 100)).isEqualTo(1);
        assertThat(malformed(limits, address("192.0.2.99"), 100)).isEqualTo(100);
        assertThat(limits.ofMalformed(NEIGHBOUR)).isSameAs(limits.ofMalformed(numbered(CLIENT, 9)));
    }

    private int malformed(Limits limits, IpAddress source, int calls) {
        int passed = 0;
        for (int i = 0; i < calls; i++) {
            passed +=
                    limits.ofMalformed(source).charge(source, Transport.UDP, Policies.LISTENER, clock.getAsLong()) == 0
                            ? 1
                            : 0;
        }
        return passed;
    }

    // Reloads.

    @ParameterizedTest
    @CsvSource({"source", "prefix", "listener", "rule"})
    void bucketsGoOnWhereALimitStaysAsItIs(String per) {
        Limits before = limits("{ rate: 1/h, burst: 5, per: " + per + " }");
        passing(before, CLIENT, 4);
        Limits after = reloaded(before, "{ rate: 1/h, burst: 5, per: " + per + ", over: hide }");

        assertThat(passing(after, CLIENT, 10)).isEqualTo(1);
        assertThat(state(after).exceeded()).isEqualTo(9);
    }

    @Test
    void aChangedLimitBeginsWithFullBucketsAndItsCountsGoOn() {
        Limits before = limits("{ rate: 1/h, burst: 5, per: source }");
        passing(before, CLIENT, 10);
        Limits after = reloaded(before, "{ rate: 1/h, burst: 6, per: source }");

        assertThat(state(after).exceeded()).isEqualTo(5);
        assertThat(state(after).held()).isZero();
        assertThat(passing(after, CLIENT, 10)).isEqualTo(6);
        assertThat(state(after).exceeded()).isEqualTo(9);
    }

    @Test
    void theBucketOfARuleGoesWithTheRule() {
        Limits before = limits("{ rate: 1/h, burst: 5, per: rule }");
        passing(before, CLIENT, 10);
        Policy first = policy;
        policy = Policies.of("""
                limits: { it: { rate: 1/h, burst: 5, per: rule } }
                rules:
                  - { name: other, from: any, call: lookup, then: allow, limit: it }
                """);
        Limits between = Limits.of(policy, before);
        assertThat(state(between).capacity()).isZero();
        policy = first;
        assertThat(passing(Limits.of(policy, between), CLIENT, 10)).isEqualTo(5);
    }

    private Limits reloaded(Limits before, String limit) {
        limits(limit);
        return Limits.of(policy, before);
    }

    // Extremes.

    @ParameterizedTest
    @CsvSource({
        "1/h, 1, 1000",
        "100000000/s, 100000000, 1000000",
        "99999989/h, 99999989, 1000000",
        "900MiB/s, 900MiB, 1000000",
        "1B/h, 900MiB, 1000000"
    })
    void rateBurstAndRollupMayBeAsLargeOrAsSmallAsTheyCanBeWritten(String rate, String burst, int rollup) {
        for (String per : new String[] {"source", "prefix", "listener"}) {
            LimitPolicy written = limitPolicy("{ rate: " + rate + ", burst: " + burst + ", per: " + per + " }");
            LimitPolicy extreme = new LimitPolicy(
                    written.name(),
                    written.place(),
                    written.tokens(),
                    written.period(),
                    written.burst(),
                    written.per(),
                    written.unit(),
                    written.over(),
                    written.mode(),
                    written.v4Bits(),
                    written.v6Bits(),
                    rollup);
            for (int times : new int[] {1, extreme.rollup()}) {
                TokenBucket bucket = new TokenBucket(Allowance.of(extreme, times), clock.getAsLong());
                long burstTokens = bucket.tokens(clock.getAsLong());
                assertThat(burstTokens).isEqualTo(extreme.burst() * times);
                assertThat(bucket.tryTake(burstTokens, clock.getAsLong())).isTrue();
                clock.pass(Duration.ofDays(3650));
                assertThat(bucket.tokens(clock.getAsLong())).isPositive().isLessThanOrEqualTo(burstTokens);
                bucket.takeIntoDebt(Long.MAX_VALUE / 2, clock.getAsLong());
                assertThat(bucket.tokens(clock.getAsLong())).isEqualTo(-burstTokens);
            }
        }
    }

    private LimitPolicy limitPolicy(String limit) {
        limits(limit);
        return java.util.Objects.requireNonNull(policy.limits().get("it"));
    }

    // Threads.

    @ParameterizedTest
    @CsvSource({"source", "prefix", "listener", "rule"})
    void threadsTakeNoTokenTwice(String per) throws Exception {
        Limits limits = limits("{ rate: 1/h, burst: 100000, per: " + per + " }");
        int threads = 4;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Integer>> counts = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                counts.add(executor.submit(() -> passing(limits, CLIENT, 50_000)));
            }
            int passed = 0;
            for (Future<Integer> count : counts) {
                passed += count.get(60, TimeUnit.SECONDS);
            }
            // Each thread may have been a newcomer once more, when they began together.
            assertThat(passed).isBetween(100_000, 100_000 + threads);
        } finally {
            executor.shutdownNow();
        }
    }

    // The same, said simply.

    @Test
    void nobodyGetsMoreThanBurstAndRateAllowAndNobodyALotLess() {
        Random random = new Random(4);
        for (int round = 0; round < 40; round++) {
            long perHour = 1L + random.nextInt(100_000);
            int burst = 1 + random.nextInt(50);
            Limits limits = limits("{ rate: " + perHour + "/h, burst: " + burst + ", per: source }");
            Map<IpAddress, Model> models = new HashMap<>();
            for (int call = 0; call < 5000; call++) {
                IpAddress source = numbered(CLIENT, random.nextInt(20));
                Model model = models.get(source);
                if (model == null) {
                    // Two calls together, so that the source has its bucket with the second.
                    model = new Model(perHour, burst, clock.getAsLong());
                    models.put(source, model);
                    assertThat(model.agrees(passing(limits, source, 1) == 1, clock.getAsLong()))
                            .isTrue();
                }
                assertThat(model.agrees(passing(limits, source, 1) == 1, clock.getAsLong()))
                        .as("perHour=%d burst=%d call=%d", perHour, burst, call)
                        .isTrue();
                clock.pass(Duration.ofNanos((long) (3.6e12 / perHour * random.nextDouble() / 10)));
            }
        }
    }

    /** Exact: what is there is counted in tokens times nanoseconds of an hour. */
    private static final class Model {
        private static final BigInteger HOUR =
                BigInteger.valueOf(Duration.ofHours(1).toNanos());
        private final BigInteger perHour;
        private final BigInteger full;
        private BigInteger there;
        private long at;

        Model(long perHour, int burst, long now) {
            this.perHour = BigInteger.valueOf(perHour);
            this.full = HOUR.multiply(BigInteger.valueOf(burst));
            this.there = full;
            this.at = now;
        }

        /** A call may pass while a token is there, and must while two are. */
        boolean agrees(boolean passed, long now) {
            there = there.add(perHour.multiply(BigInteger.valueOf(now - at))).min(full);
            at = now;
            if (passed) {
                there = there.subtract(HOUR);
                return there.signum() >= 0;
            }
            return there.compareTo(HOUR.add(HOUR)) < 0;
        }
    }

    // Steady state.

    @Test
    void aCallThatIsChargedMakesNoGarbage() {
        policy = Policies.of("""
                limits:
                  each: { rate: 1000/s, burst: 100000, per: source }
                  prefix: { rate: 1000/s, burst: 100000, per: prefix }
                  all: { rate: 1000/s, burst: 100000, per: listener }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: [each, prefix, all] }
                """);
        LimitSet set = Limits.of(policy, null).of(rule());
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        IpAddress[] sources = new IpAddress[1000];
        Arrays.setAll(sources, i -> numbered(CLIENT, i));
        long bytes = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 20 && bytes > 10_000; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100_000; i++) {
                set.charge(sources[i % sources.length], Transport.UDP, Policies.LISTENER, clock.getAsLong());
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(bytes).isLessThanOrEqualTo(10_000);
    }

    private Policy policy = Policies.of("rules: []\n");

    private Rule rule() {
        return rule("look up");
    }

    private Rule rule(String name) {
        return policy.rules().rules().stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static LimitState state(Limits limits) {
        return limits.states().get(0);
    }

    private Limits limits(String limit) {
        policy = Policies.of("""
                limits: { it: %s }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: it }
                """.formatted(limit));
        return Limits.of(policy, null);
    }

    private int passing(Limits limits, IpAddress source, int calls) {
        LimitSet set = limits.of(rule());
        int passed = 0;
        for (int i = 0; i < calls; i++) {
            passed += set.charge(source, Transport.UDP, Policies.LISTENER, clock.getAsLong()) == 0 ? 1 : 0;
        }
        return passed;
    }

    /** The address so many places behind another. */
    private static IpAddress numbered(IpAddress base, int number) {
        return new IpAddress(base.high(), base.low() + number);
    }

    private static IpAddress address(String text) {
        return IpAddress.parse(text).orElseThrow();
    }
}

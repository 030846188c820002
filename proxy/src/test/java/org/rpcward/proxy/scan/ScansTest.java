package org.rpcward.proxy.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.EnumerationPolicy.Reaction;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.FakeClock;

class ScansTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);
    private static final EnumerationPolicy POLICY = policy(Reaction.HINDER);
    private static final IpAddress SCANNER = IpAddress.v4(0xcb007109);
    private static final int NFS = 100_003;

    private final FakeClock clock = new FakeClock();
    private final List<String> told = new ArrayList<>();
    private final Scans scans = new Scans(
            new Random(5),
            (sighting, bound) -> told.add(sighting.source() + " "
                    + sighting.transport().word() + " " + bound.word() + " " + sighting.evidence()));

    private static EnumerationPolicy policy(Reaction reaction) {
        return new EnumerationPolicy(reaction, 20, 60, WINDOW);
    }

    private Standing ask(Transport transport, IpAddress source, int program) {
        return scans.judge(POLICY, transport, source, Trait.ASKED, program, null, true, clock.getAsLong());
    }

    private Standing miss(Transport transport, IpAddress source, int program) {
        Standing asked = ask(transport, source, program);
        Standing missed = scans.judge(POLICY, transport, source, Trait.MISSED, program, null, false, clock.getAsLong());
        return missed == Standing.OFFENDING ? missed : asked;
    }

    private int points(Transport transport, IpAddress source) {
        return scans.sighting(transport, source).points();
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void aWalkThroughProgramsIsThrottledWithinTwentyQuestions(Transport transport) {
        int question = 1;
        while (miss(transport, SCANNER, 200_000 + question) == Standing.CLEAR) {
            question++;
        }
        assertThat(question).isLessThanOrEqualTo(20);
        assertThat(told)
                .singleElement()
                .asString()
                .startsWith("203.0.113.9 " + transport.word() + " throttle 20 points");
    }

    @Test
    void aWalkOverTcpOffendsAndOneOverUdpNeverDoes() {
        for (int i = 0; i < 10_000; i++) {
            assertThat(miss(Transport.UDP, SCANNER, i)).isNotEqualTo(Standing.OFFENDING);
        }
        assertThat(told).hasSize(1);
        int question = 1;
        while (miss(Transport.TCP, SCANNER, question) != Standing.OFFENDING) {
            question++;
        }
        assertThat(question).isBetween(30, 33);
        assertThat(told).hasSize(3).last().asString().contains(" tcp ban 60 points, 3");
    }

    /** What one mount of version 3 asks, and rpcinfo by hand, again and again. */
    @Test
    void whoAsksTheSameAgainAndAgainIsNoScanner() {
        int[] programs = {100_000, 100_003, 100_005, 100_021, 100_024, 100_011, 100_227};
        for (int round = 0; round < 1000; round++) {
            for (int program : programs) {
                assertThat(ask(Transport.TCP, SCANNER, program)).isEqualTo(Standing.CLEAR);
                if (program > 100_010) {
                    scans.judge(POLICY, Transport.TCP, SCANNER, Trait.MISSED, program, null, false, clock.getAsLong());
                }
            }
            for (int protocol = 2; protocol <= 4; protocol++) {
                assertThat(scans.judge(
                                POLICY, Transport.TCP, SCANNER, Trait.LISTED, protocol, null, true, clock.getAsLong()))
                        .isEqualTo(Standing.CLEAR);
            }
            clock.pass(Duration.ofMillis(round % 97 * 100L));
        }
        assertThat(told).isEmpty();
    }

    @Test
    void whatWasAskedFirstIsStillKnownWhenOtherThingsFollow() {
        ask(Transport.UDP, SCANNER, NFS);
        ask(Transport.UDP, SCANNER, NFS);
        assertThat(points(Transport.UDP, SCANNER)).isEqualTo(1);
        ask(Transport.UDP, SCANNER, NFS + 1);
        ask(Transport.UDP, SCANNER, NFS);
        assertThat(points(Transport.UDP, SCANNER)).isEqualTo(2);
        // Not found is another thing than asked for.
        scans.judge(POLICY, Transport.UDP, SCANNER, Trait.MISSED, NFS, null, false, clock.getAsLong());
        assertThat(points(Transport.UDP, SCANNER)).isEqualTo(2 + Trait.MISSED.points());
    }

    /** A program that is kept from a source is asked for and missed at once, whether or not it is the only one. */
    @Test
    void whatIsAskedInVainIsAMissToo() {
        inVain(NFS);
        inVain(NFS);
        assertThat(scans.sighting(Transport.UDP, SCANNER).evidence()).isEqualTo("2 points, 1 programs, 1 misses");
        scans.judge(POLICY, Transport.UDP, SCANNER, Trait.MISSED, NFS, null, false, clock.getAsLong());
        inVain(NFS + 1);
        inVain(NFS);
        assertThat(scans.sighting(Transport.UDP, SCANNER).evidence()).isEqualTo("4 points, 2 programs, 2 misses");
        clock.pass(WINDOW.dividedBy(2));
        inVain(NFS);
        assertThat(scans.sighting(Transport.UDP, SCANNER).evidence()).isEqualTo("4 points, 2 programs, 2 misses");
    }

    private void inVain(int program) {
        scans.judge(POLICY, Transport.UDP, SCANNER, Trait.ASKED_IN_VAIN, program, null, false, clock.getAsLong());
    }

    @Test
    void theOneThingThatASourceAsksIsForgottenAfterAWindowOfSilence() {
        ask(Transport.UDP, SCANNER, NFS);
        clock.pass(WINDOW.dividedBy(2));
        ask(Transport.UDP, SCANNER, NFS);
        assertThat(points(Transport.UDP, SCANNER)).isEqualTo(1);
        clock.pass(WINDOW.dividedBy(2));
        // Known from the half before, but its point is gone.
        ask(Transport.UDP, SCANNER, NFS);
        assertThat(points(Transport.UDP, SCANNER)).isZero();
        clock.pass(WINDOW);
        ask(Transport.UDP, SCANNER, NFS);
        assertThat(points(Transport.UDP, SCANNER)).isEqualTo(1);
    }

    @Test
    void aThrottledSourceHasOneAnswerASecond() {
        for (int i = 0; i < 30; i++) {
            ask(Transport.UDP, SCANNER, i);
        }
        clock.pass(Duration.ofSeconds(1));
        int answered = 0;
        for (int i = 0; i < 200; i++) {
            answered += ask(Transport.UDP, SCANNER, 1000 + i) == Standing.CLEAR ? 1 : 0;
            clock.pass(Duration.ofMillis(50));
        }
        assertThat(answered).isEqualTo(10);
    }

    @Test
    void evidenceOverUdpSaysNothingOverTcpAndTheOtherWayRoundItDoes() {
        IpAddress other = IpAddress.v4(1);
        for (int i = 0; i < 100; i++) {
            miss(Transport.UDP, SCANNER, i);
            miss(Transport.TCP, other, i);
        }
        assertThat(ask(Transport.UDP, SCANNER, NFS)).isEqualTo(Standing.HINDERED);
        assertThat(ask(Transport.TCP, SCANNER, NFS)).isEqualTo(Standing.CLEAR);
        assertThat(ask(Transport.TCP, SCANNER, NFS + 1)).isEqualTo(Standing.CLEAR);
        assertThat(ask(Transport.UDP, other, NFS)).isEqualTo(Standing.HINDERED);
    }

    @Test
    void whatIsForgedOverUdpTakesNoneOfTheAnswersThatAThrottledSourceHasOverTcp() {
        for (int i = 0; i < 12; i++) {
            miss(Transport.TCP, SCANNER, i);
        }
        clock.pass(Duration.ofSeconds(1));
        int overTcp = 0;
        int overUdp = 0;
        for (int second = 0; second < 10; second++) {
            for (int i = 0; i < 100; i++) {
                overUdp += ask(Transport.UDP, SCANNER, NFS) == Standing.CLEAR ? 1 : 0;
            }
            overTcp += ask(Transport.TCP, SCANNER, NFS) == Standing.CLEAR ? 1 : 0;
            clock.pass(Duration.ofSeconds(1));
        }
        assertThat(overTcp).isEqualTo(10);
        assertThat(overUdp).isEqualTo(9);
    }

    @Test
    void aMillionForgedSourcesDoNotHideAScannerThatIsThrottled() {
        for (int i = 0; i < 12; i++) {
            miss(Transport.UDP, SCANNER, i);
        }
        for (int i = 0; i < 1_000_000; i++) {
            IpAddress forged = IpAddress.v4(0x0a000000 + i);
            miss(Transport.UDP, forged, i & 7);
        }
        assertThat(points(Transport.UDP, SCANNER)).isEqualTo(24);
        assertThat(ask(Transport.UDP, SCANNER, NFS)).isEqualTo(Standing.HINDERED);
        assertThat(scans.entries(Transport.UDP)).isEqualTo(scans.capacity(Transport.UDP));
        assertThat(scans.replaced(Transport.UDP)).isGreaterThan(900_000);
    }

    @Test
    void whereAllPlacesAreThoseOfScannersNewcomersGoUncountedUntilThatIsOver() {
        for (int i = 0; i < 40_000; i++) {
            scans.judge(
                    POLICY,
                    Transport.UDP,
                    IpAddress.v4(i),
                    Trait.ODD_VERSION,
                    1,
                    Fingerprint.NMAP_RPC_CHECK,
                    true,
                    clock.getAsLong());
        }
        assertThat(scans.untracked(Transport.UDP)).isGreaterThan(20_000);
        clock.pass(WINDOW);
        for (int i = 0; i < 12; i++) {
            miss(Transport.UDP, SCANNER, i);
        }
        assertThat(ask(Transport.UDP, SCANNER, NFS)).isEqualTo(Standing.HINDERED);
    }

    @Test
    void whereForgedScannersHaveAllPlacesOverUdpOneOverTcpIsThrottledAndBannedAsEver() {
        for (int i = 0; i < 40_000; i++) {
            for (int program = 0; program < 11; program++) {
                miss(Transport.UDP, IpAddress.v4(i), program);
            }
        }
        assertThat(scans.untracked(Transport.UDP)).isGreaterThan(100_000);
        int question = 1;
        while (miss(Transport.TCP, SCANNER, question) != Standing.OFFENDING) {
            question++;
        }
        assertThat(question).isBetween(30, 33);
        assertThat(scans.untracked(Transport.TCP)).isZero();
    }

    @Test
    void pointsCountForHalfAWindowAtLeastAndForAWholeOneAtMost() {
        miss(Transport.TCP, SCANNER, 1);
        clock.pass(WINDOW.dividedBy(2));
        miss(Transport.TCP, SCANNER, 2);
        assertThat(points(Transport.TCP, SCANNER)).isEqualTo(4);
        clock.pass(WINDOW.dividedBy(2));
        miss(Transport.TCP, SCANNER, 2);
        assertThat(points(Transport.TCP, SCANNER)).isEqualTo(2);
        clock.pass(WINDOW.dividedBy(2));
        miss(Transport.TCP, SCANNER, 2);
        assertThat(points(Transport.TCP, SCANNER)).isZero();
        clock.pass(WINDOW);
        miss(Transport.TCP, SCANNER, 2);
        assertThat(points(Transport.TCP, SCANNER)).isEqualTo(2);
    }

    @Test
    void isToldOnceAsLongAsTheScanGoesOnAndAgainAfterAPause() {
        for (int i = 0; i < 3_000; i++) {
            miss(Transport.UDP, SCANNER, i);
            clock.pass(Duration.ofMillis(100));
        }
        assertThat(told).hasSize(1);
        clock.pass(WINDOW);
        for (int i = 0; i < 100; i++) {
            miss(Transport.UDP, SCANNER, i);
        }
        assertThat(told).hasSize(2);
    }

    /** Against sets that hold everything: never more than there were, and less by no more than a tenth for scans of use. */
    @Test
    void theFilterTakesNoOldQuestionForANewOneAndFewNewOnesForOld() {
        Random random = new Random(9);
        for (int programs = 1; programs <= 60; programs++) {
            clock.pass(WINDOW);
            int counted = 0;
            for (int run = 0; run < 50; run++) {
                IpAddress source = new IpAddress(random.nextLong(), random.nextLong());
                int first = random.nextInt();
                for (int i = 0; i < programs; i++) {
                    ask(Transport.TCP, source, first + i);
                    ask(Transport.TCP, source, first + i);
                }
                int found = scans.sighting(Transport.TCP, source).programs();
                assertThat(found).isLessThanOrEqualTo(programs);
                counted += found;
            }
            assertThat(counted).as("of " + programs).isGreaterThan(50 * programs * 9 / 10);
        }
    }

    @Test
    void aFingerprintIsEnough() {
        assertThat(Fingerprint.ofStranger(100_000, 104_316, 0)).isEqualTo(Fingerprint.NMAP_RPC_CHECK);
        assertThat(Fingerprint.ofStranger(12_345_678, 0, 0)).isEqualTo(Fingerprint.NMAP_UDP_PAYLOAD);
        assertThat(Fingerprint.ofStranger(100_003, 12_345, 0)).isEqualTo(Fingerprint.RPC_GRIND);
        assertThat(Fingerprint.ofStranger(100_003, 123_456_789, 0)).isEqualTo(Fingerprint.RPC_GRIND);
        assertThat(Fingerprint.ofStranger(100_003, 3, 0)).isNull();
        assertThat(Fingerprint.ofStranger(100_003, -1, 0)).isNull();
        assertThat(Fingerprint.ofStranger(100_003, 12_345, 1)).isNull();

        scans.judge(
                POLICY,
                Transport.TCP,
                SCANNER,
                Trait.ODD_VERSION,
                104_316,
                Fingerprint.NMAP_RPC_CHECK,
                true,
                clock.getAsLong());
        scans.judge(
                POLICY,
                Transport.TCP,
                SCANNER,
                Trait.ODD_VERSION,
                104_316,
                Fingerprint.NMAP_RPC_CHECK,
                true,
                clock.getAsLong());
        assertThat(told).containsExactly("203.0.113.9 tcp throttle 22 points, 0 programs, 0 misses, nmap RPCCheck");
        assertThat(points(Transport.TCP, SCANNER)).isEqualTo(22);
    }

    @Test
    void aPolicyThatOnlyTellsHindersNobodyAndOneThatIsOffCountsNothing() {
        for (int i = 0; i < 100; i++) {
            assertThat(scans.judge(
                            policy(Reaction.TELL),
                            Transport.TCP,
                            SCANNER,
                            Trait.ASKED,
                            i,
                            null,
                            true,
                            clock.getAsLong()))
                    .isEqualTo(Standing.CLEAR);
        }
        assertThat(told).hasSize(2);
        IpAddress other = IpAddress.v4(1);
        for (int i = 0; i < 100; i++) {
            scans.judge(policy(Reaction.OFF), Transport.TCP, other, Trait.ASKED, i, null, true, clock.getAsLong());
        }
        assertThat(points(Transport.TCP, other)).isZero();
    }

    @Test
    void whoIsForgottenBeginsAnew() {
        for (int i = 0; i < 100; i++) {
            miss(Transport.UDP, SCANNER, i);
            miss(Transport.TCP, SCANNER, i);
            miss(Transport.TCP, IpAddress.v4(0xcb007209), i);
        }
        scans.forget(AddressPrefix.parse("203.0.113.0/24").orElseThrow());

        assertThat(ask(Transport.UDP, SCANNER, NFS)).isEqualTo(Standing.CLEAR);
        assertThat(ask(Transport.UDP, SCANNER, NFS)).isEqualTo(Standing.CLEAR);
        assertThat(points(Transport.TCP, SCANNER)).isZero();
        assertThat(points(Transport.TCP, IpAddress.v4(0xcb007209))).isGreaterThan(100);
    }

    /** Another event loop had a call of the same scanner in its hands when the ban came. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void whatWasUnderWayWhenASourceWasForgivenIsForgivenToo(Transport transport) {
        for (int i = 0; i < 20; i++) {
            miss(transport, SCANNER, i);
        }
        assertThat(told).hasSize(1);
        long arrived = clock.getAsLong();
        clock.pass(Duration.ofMillis(1));
        scans.forgive(SCANNER, clock.getAsLong());

        for (int i = 0; i < 3; i++) {
            assertThat(scans.judge(
                            POLICY,
                            transport,
                            SCANNER,
                            Trait.ODD_VERSION,
                            NFS + i,
                            Fingerprint.RPC_GRIND,
                            true,
                            arrived))
                    .isEqualTo(Standing.CLEAR);
        }
        assertThat(points(transport, SCANNER)).isZero();
        assertThat(told).hasSize(1);

        assertThat(ask(transport, SCANNER, NFS)).isEqualTo(Standing.CLEAR);
        assertThat(points(transport, SCANNER)).isEqualTo(1);
        assertThat(scans.sighting(transport, SCANNER).fingerprints()).isEmpty();
    }

    @Test
    void whoIsForgivenAndWasNotKnownStaysUnknown() {
        scans.forgive(SCANNER, clock.getAsLong());

        assertThat(scans.entries(Transport.TCP)).isZero();
        assertThat(scans.entries(Transport.UDP)).isZero();
    }
}

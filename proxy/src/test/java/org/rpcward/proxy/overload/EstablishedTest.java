package org.rpcward.proxy.overload;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.overload.Established.Standing;

class EstablishedTest {
    private static final IpAddress SOMEBODY = IpAddress.v4(1);
    private static final long CLIENT = 0x1234_5678_9abc_def0L;

    private final Established established = new Established(1 << 12);
    private final Random random = new Random(5);
    private long now = Duration.ofHours(3).toNanos();

    @Test
    void aSourceIsEstablishedOnceEnoughOfItsCallsWereAnswered() {
        for (int i = 0; i < Established.ENOUGH; i++) {
            assertThat(arrives(CLIENT)).isEqualTo(Standing.NEWCOMER);
            assertThat(established.knows(CLIENT, now)).isFalse();
            established.answered(SOMEBODY, CLIENT, now);
        }
        assertThat(arrives(CLIENT)).isEqualTo(Standing.ESTABLISHED);
        assertThat(established.knows(CLIENT, now)).isTrue();
    }

    @Test
    void questionsAloneEstablishNobody() {
        for (int i = 0; i < 10_000; i++) {
            assertThat(arrives(CLIENT)).isEqualTo(Standing.NEWCOMER);
        }
    }

    @Test
    void anEstablishedSourceHasAShareOfEachSecond() {
        long other = 7L << 44;
        establish(CLIENT, 255);
        establish(other, 255);
        now += Duration.ofSeconds(1).toNanos();
        assertThat(arrives(other)).isEqualTo(Standing.ESTABLISHED);
        for (int tick = 0; tick < 20; tick++) {
            for (int i = 0; i < Established.TOGETHER / 2; i++) {
                assertThat(arrives(CLIENT)).isEqualTo(Standing.ESTABLISHED);
                established.answered(SOMEBODY, CLIENT, now);
            }
            for (int i = 0; i < 10; i++) {
                assertThat(arrives(CLIENT)).isEqualTo(Standing.GREEDY);
            }
            assertThat(arrives(other)).isEqualTo(Standing.ESTABLISHED);
            now += Duration.ofSeconds(1).toNanos();
        }
    }

    @Test
    void theShareIsNeverSmallerThanAnHonestClientNeeds() {
        for (long source = 0; source < 1000; source++) {
            establish(random.nextLong(), 16);
        }
        establish(CLIENT, 255);
        Set<Standing> first = new HashSet<>();
        for (int i = 0; i < Established.FAIR_SHARE; i++) {
            first.add(arrives(CLIENT));
        }
        assertThat(first).containsExactly(Standing.ESTABLISHED);
    }

    @Test
    void whoAsksAloneHasNoShare() {
        establish(CLIENT, 255);
        for (int i = 0; i < 200_000; i++) {
            assertThat(arrives(CLIENT)).isEqualTo(Standing.ESTABLISHED);
        }
        now += Duration.ofSeconds(1).toNanos();
        assertThat(arrives(CLIENT)).isEqualTo(Standing.ESTABLISHED);
    }

    @Test
    void whoIsSilentIsForgottenByAndBy() {
        establish(CLIENT, 16);
        now += Duration.ofSeconds(21).toNanos();
        assertThat(established.knows(CLIENT, now)).isTrue();
        now += Duration.ofSeconds(10).toNanos();
        assertThat(established.knows(CLIENT, now)).isFalse();
        establish(CLIENT, 255);
        now += Duration.ofSeconds(100).toNanos();
        assertThat(arrives(CLIENT)).isEqualTo(Standing.NEWCOMER);
    }

    @Test
    void whoKeepsAskingStaysHoweverLong() {
        establish(CLIENT, Established.ENOUGH);
        for (int i = 0; i < 20_000; i++) {
            now += Duration.ofSeconds(1).toNanos();
            assertThat(arrives(CLIENT)).isEqualTo(Standing.ESTABLISHED);
        }
    }

    @Test
    void aFloodOfSourcesDisplacesNoOneWhoIsEstablished() {
        Set<Long> clients = new HashSet<>();
        while (clients.size() < 100) {
            clients.add(random.nextLong());
        }
        clients.forEach(c -> establish(c, 16));
        for (int i = 0; i < 1_000_000; i++) {
            established.answered(SOMEBODY, random.nextLong(), now);
            now += 1000;
        }
        assertThat(clients)
                .allSatisfy(c -> assertThat(established.knows(c, now)).isTrue());
    }

    @Test
    void aSourceThatKeepsBeingAnsweredFindsAPlaceInAFlood() {
        int answers = 0;
        while (!established.knows(CLIENT, now) && answers < 100) {
            for (int i = 0; i < 200; i++) {
                established.answered(SOMEBODY, random.nextLong(), now);
            }
            now += Duration.ofMillis(10).toNanos();
            established.answered(SOMEBODY, CLIENT, now);
            answers++;
        }
        assertThat(answers).isBetween(Established.ENOUGH, 20);
    }

    @Test
    void whenAllOfThePlacesAreTakenNobodyIsTurnedOut() {
        Established tiny = new Established(4);
        for (long source = 1; source <= 4; source++) {
            for (int i = 0; i < Established.ENOUGH; i++) {
                tiny.answered(SOMEBODY, source << 44, now);
            }
        }
        for (int i = 0; i < 100; i++) {
            tiny.answered(SOMEBODY, 5L << 44, now);
        }
        assertThat(tiny.knows(5L << 44, now)).isFalse();
        for (long source = 1; source <= 4; source++) {
            assertThat(tiny.knows(source << 44, now)).isTrue();
        }
    }

    /** Event loops read their clocks one after the other, and look at the table in another order. */
    @Test
    void whatAnotherEventLoopNotedAMomentLaterIsNoSilence() {
        long earlier = now;
        now += Established.TICK_NANOS;
        answer(SOMEBODY, 100);
        long hash = hash(SOMEBODY);

        assertThat(established.knows(hash, earlier)).isTrue();
        assertThat(established.arrives(hash, earlier)).isEqualTo(Standing.ESTABLISHED);
        established.answered(SOMEBODY, hash, now);
        established.answered(SOMEBODY, hash, earlier);
        assertThat(established.knows(hash, now)).isTrue();
    }

    @Test
    void whoAsksWhileRegularsAreLookedForIsOneOfThem() {
        long earlier = now;
        now += Established.TICK_NANOS;
        answer(SOMEBODY, 100);
        assertThat(established.regulars(true, 9, earlier, now)).containsExactly(SOMEBODY);
    }

    @Test
    void regularsAreThoseWhoHaveBeenHereLongest() {
        List<IpAddress> sources = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            IpAddress source = IpAddress.v4(0x0a00_0000 + i);
            sources.add(source);
            answer(source, Established.ENOUGH - 1 + 20 * i);
            now += 1;
        }
        IpAddress v6 = IpAddress.parse("2001:db8::7").orElseThrow();
        answer(v6, 20);

        // The first had too few answers.
        assertThat(established.regulars(true, 100, now, now)).isEqualTo(sources.subList(1, 10));
        assertThat(established.regulars(true, 3, now, now)).isEqualTo(sources.subList(1, 4));
        assertThat(established.regulars(false, 3, now, now)).containsExactly(v6);
    }

    @Test
    void whoCameAfterACertainTimeCanBeLeftOut() {
        answer(SOMEBODY, 200);
        long then = now;
        now += 1;
        answer(IpAddress.v4(2), 200);
        assertThat(established.regulars(true, 9, now, now)).hasSize(2);
        assertThat(established.regulars(true, 9, now, then)).containsExactly(SOMEBODY);
    }

    @Test
    void whoAsksSeldomKeepsTheTimeOfHisComingAndWhoWasAwayDoesNot() {
        answer(SOMEBODY, Established.ENOUGH);
        long then = now;
        for (int i = 0; i < 20; i++) {
            now += Duration.ofSeconds(15).toNanos();
            answer(SOMEBODY, 3);
        }
        assertThat(established.regulars(true, 9, now, then)).containsExactly(SOMEBODY);
        now += Duration.ofSeconds(31).toNanos();
        answer(SOMEBODY, 200);
        assertThat(established.regulars(true, 9, now, then)).isEmpty();
        assertThat(established.regulars(true, 9, now, now)).containsExactly(SOMEBODY);
    }

    @Test
    void whoIsSilentIsNoRegularAnyMore() {
        answer(SOMEBODY, 200);
        now += Duration.ofSeconds(30).toNanos();
        assertThat(established.regulars(true, 9, now, now)).containsExactly(SOMEBODY);
        now += Established.TICK_NANOS;
        assertThat(established.regulars(true, 9, now, now)).isEmpty();
    }

    private static long hash(IpAddress source) {
        return source.low() * 0x9e37_79b9_7f4a_7c15L;
    }

    private void answer(IpAddress source, int times) {
        for (int i = 0; i < times; i++) {
            established.answered(source, hash(source), now);
        }
    }

    private void establish(long source, int answers) {
        for (int i = 0; i < answers; i++) {
            established.answered(SOMEBODY, source, now);
        }
    }

    private Standing arrives(long source) {
        return established.arrives(source, now);
    }
}

package org.rpcward.proxy.overload;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.FakeClock;

class OverloadTest {
    private static final IpAddress CLIENT = IpAddress.v4(0x0a01_0203);

    private final FakeClock clock = new FakeClock();
    private final Overload overload = new Overload(clock);

    OverloadTest() {
        clock.pass(Duration.ofHours(1));
        overload.update(Map.of(), Overload.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void eachLevelIsReachedForAReason(int level) {
        raise(level);
        assertThat(overload.level()).isEqualTo(level);
        assertThat(overload.state().reason()).isEqualTo(Signal.HEAP);
        calm();
        assertThat(overload.level()).isZero();
        assertThat(overload.state().reason()).isNull();
        assertThat(overload.state().secondsIn().get(level)).isGreaterThan(5);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void newcomersComeInAtATrickle(int level) {
        raise(level);
        int in = 0;
        for (int i = 0; i < 1_000_000; i++) {
            clock.pass(Duration.ofNanos(10_000));
            in += overload.shed(IpAddress.v4(i), Transport.UDP, true) == null ? 1 : 0;
        }
        assertThat(in).isBetween(19_900, 20_600);
        assertThat(overload.shed(level, Shed.NEWCOMER)).isEqualTo(1_000_000 - in);
        assertThat(overload.shed()).isEqualTo(1_000_000 - in);
    }

    @Test
    void afterAQuietTimeNoMoreThanAFewNewcomersComeInAtOnce() {
        raise(1);
        clock.pass(Duration.ofMinutes(1));
        int in = 0;
        for (int i = 0; i < 10_000; i++) {
            in += overload.shed(IpAddress.v4(i), Transport.UDP, true) == null ? 1 : 0;
        }
        assertThat(in).isBetween(499, 502);
    }

    @Test
    void thereAreRegularsOnlyWhileThereIsTooMuchToDo() {
        answer(CLIENT);
        assertThat(overload.regulars(true, 10)).isEmpty();
        raise(1);
        assertThat(overload.regulars(true, 10)).containsExactly(CLIENT);
        calm();
        assertThat(overload.regulars(true, 10)).isEmpty();
    }

    @Test
    void whoCameWithTheFloodCanBeToldFromWhoWasHereBefore() {
        answer(CLIENT);
        clock.pass(Overload.BEFORE_A_FLOOD);
        IpAddress early = IpAddress.v4(7);
        answer(early);
        clock.pass(Duration.ofMillis(300));
        raise(1);
        IpAddress late = IpAddress.v4(8);
        answer(late);
        assertThat(overload.regulars(true, 10)).containsExactly(CLIENT, early, late);
        assertThat(overload.regularsFromBefore(true, 10)).containsExactly(CLIENT);
    }

    /** Else a flood in bursts would count as here before from its second burst on. */
    @Test
    void whatComesInBurstsIsOneFlood() {
        answer(CLIENT);
        clock.pass(Overload.BEFORE_A_FLOOD);
        IpAddress late = IpAddress.v4(8);
        for (int burst = 0; burst < 5; burst++) {
            raise(1);
            answer(CLIENT);
            answer(late);
            assertThat(overload.regularsFromBefore(true, 10)).containsExactly(CLIENT);
            pass(Duration.ofSeconds(20));
            assertThat(overload.level()).isZero();
        }
        for (int i = 0; i < 5; i++) {
            answer(CLIENT);
            answer(late);
            pass(Duration.ofSeconds(20));
        }
        raise(1);
        assertThat(overload.regularsFromBefore(true, 10)).containsExactly(CLIENT, late);
    }

    private void answer(IpAddress source) {
        for (int i = 0; i < 1000; i++) {
            overload.answered(source);
        }
    }

    @Test
    void aClientThatKeepsAskingInAFloodIsEstablishedAfterAFewCalls() {
        raise(1);
        int asked = 0;
        int answered = 0;
        for (int i = 0; i < 300_000; i++) {
            clock.pass(Duration.ofNanos(4_000));
            IpAddress source = i % 250 == 0 ? CLIENT : IpAddress.v4(0x0a02_0000 + (i * 31 & 0xffff));
            boolean in = overload.shed(source, Transport.UDP, true) == null;
            if (in) {
                overload.answered(source);
            }
            if (source.equals(CLIENT)) {
                asked++;
                answered += in ? 1 : 0;
            }
        }
        assertThat(asked).isEqualTo(1200);
        assertThat(answered).isBetween(asked - 10, asked);
        assertThat(overload.shed(1, Shed.NEWCOMER)).isGreaterThan(290_000);
    }

    @Test
    void thoseWhoComeAgainWithinMomentsComeInAtATrickleToo() {
        raise(1);
        int in = 0;
        for (int i = 0; i < 100_000; i++) {
            clock.pass(Duration.ofNanos(10_000));
            in += overload.shed(IpAddress.v4(i % 1000), Transport.UDP, true) == null ? 1 : 0;
        }
        // In one second: 2,000 and 4,000, and what was saved of both.
        assertThat(in).isBetween(6_000, 7_600);
    }

    @Test
    void oneWhoWasAnsweredBeforeIsEstablishedAlready() {
        for (int i = 0; i < 2000; i++) {
            overload.answered(CLIENT);
        }
        raise(4);
        assertThat(overload.shed(CLIENT, Transport.UDP, true)).isNull();
        assertThat(overload.shed(IpAddress.v4(99), Transport.UDP, true)).isEqualTo(Shed.NEWCOMER);
    }

    @Test
    void anEstablishedSourceGetsNoMoreThanItsShareOfWhatAllCanHave() {
        List<IpAddress> others = new ArrayList<>();
        for (int i = 0; i < 59; i++) {
            others.add(IpAddress.v4(i));
            establish(IpAddress.v4(i));
        }
        establish(CLIENT);
        int in = 0;
        for (int i = 0; i < 200_000; i++) {
            clock.pass(Duration.ofNanos(10_000));
            if (i % 1000 == 0) {
                assertThat(others).allMatch(other -> overload.shed(other, Transport.UDP, true) == null);
            }
            boolean taken = overload.shed(CLIENT, Transport.UDP, true) == null;
            in += taken && i >= 100_000 ? 1 : 0;
        }
        assertThat(in).isBetween(1999, 2001);
    }

    @Test
    void whoAsksAloneTakesNothingFromAnybody() {
        establish(CLIENT);
        for (int i = 0; i < 200_000; i++) {
            clock.pass(Duration.ofNanos(5_000));
            assertThat(overload.shed(CLIENT, Transport.UDP, true)).isNull();
        }
    }

    /** A client that keeps as much under way as it may, and asks as fast as it is answered, is no flood. */
    @Test
    void aQueueThatStandsAndLosesNothingRaisesNothing() {
        Backlog backlog = new Backlog();
        overload.watch(backlog);
        for (int i = 0; i < 100; i++) {
            backlog.filled(clock.getAsLong());
            assertThat(overload.update(Map.of(), 7)).isFalse();
            clock.pass(Duration.ofMillis(100));
        }
        assertThat(overload.level()).isZero();
    }

    @Test
    void aQueueThatStandsAndKeepsLosingRaisesOneLevelAfterTheOther() {
        Backlog backlog = new Backlog();
        overload.watch(backlog);
        long lost = 0;
        for (int i = 0; i < 110; i++) {
            backlog.filled(clock.getAsLong());
            lost += 1000;
            overload.update(Map.of(), lost);
            clock.pass(Duration.ofMillis(100));
            assertThat(overload.level()).as("after %d00 ms", i).isEqualTo(i < 1 ? 0 : i < 20 ? 1 : i < 100 ? 2 : 3);
        }
        // It stands as before, but a second goes by without loss.
        for (int i = 0; i < 10; i++) {
            backlog.filled(clock.getAsLong());
            clock.pass(Duration.ofMillis(100));
            overload.update(Map.of(), lost);
        }
        assertThat(overload.signal(Signal.RECEIVE_QUEUE)).isZero();
    }

    @Test
    void fromTheThirdLevelOnSourcesThatNoRuleNamesGetNothing() {
        establish(CLIENT);
        raise(2);
        assertThat(overload.shed(CLIENT, Transport.UDP, false)).isNull();
        assertThat(overload.shed(CLIENT, Transport.TCP, false)).isNull();
        raise(3);
        assertThat(overload.shed(CLIENT, Transport.UDP, false)).isEqualTo(Shed.UNNAMED);
        assertThat(overload.shed(CLIENT, Transport.TCP, false)).isEqualTo(Shed.UNNAMED);
        assertThat(overload.shed(CLIENT, Transport.UDP, true)).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void aNamedSourceIsServedOverTcpAtEveryLevel(int level) {
        raise(level);
        for (int i = 0; i < 10_000; i++) {
            assertThat(overload.shed(CLIENT, Transport.TCP, true)).isNull();
        }
    }

    @Test
    void backendsAreNotAskedForNewcomersFromTheSecondLevelOn() {
        assertThat(overload.answersFromMemory(CLIENT, Transport.UDP)).isFalse();
        raise(1);
        assertThat(overload.answersFromMemory(CLIENT, Transport.UDP)).isFalse();
        raise(2);
        assertThat(overload.answersFromMemory(CLIENT, Transport.UDP)).isTrue();
        assertThat(overload.answersFromMemory(CLIENT, Transport.TCP)).isFalse();
        establish(CLIENT);
        assertThat(overload.answersFromMemory(CLIENT, Transport.UDP)).isFalse();
    }

    @Test
    void aQueueThatStandsRaisesTheFirstLevelAndAFloodKeepsIt() {
        Backlog backlog = new Backlog();
        overload.watch(backlog);
        for (int i = 0; i < 11; i++) {
            backlog.filled(clock.getAsLong());
            clock.pass(Duration.ofMillis(10));
        }
        assertThat(overload.update(Map.of(), Overload.UNKNOWN)).isTrue();
        assertThat(overload.state().reason()).isEqualTo(Signal.RECEIVE_QUEUE);
        backlog.emptied();
        for (int i = 0; i < 20; i++) {
            clock.pass(Duration.ofSeconds(1));
            for (int call = 0; call < 10_000; call++) {
                overload.shed(IpAddress.v4(call), Transport.UDP, true);
            }
            assertThat(overload.update(Map.of(), Overload.UNKNOWN)).isFalse();
        }
        assertThat(overload.level()).isEqualTo(1);
        calm();
        overload.forget(backlog);
        for (int i = 0; i < 100; i++) {
            backlog.filled(clock.getAsLong());
            clock.pass(Duration.ofMillis(10));
        }
        assertThat(overload.update(Map.of(), Overload.UNKNOWN)).isFalse();
    }

    private void establish(IpAddress source) {
        raise(1);
        for (int i = 0; i < Established.ENOUGH; i++) {
            overload.answered(source);
        }
    }

    private void raise(int level) {
        double[] heap = {0, 80, 88, 93, 97};
        Map<Signal, Double> values = new EnumMap<>(Signal.class);
        values.put(Signal.HEAP, heap[level]);
        overload.update(values, Overload.UNKNOWN);
    }

    private void calm() {
        pass(Duration.ofMinutes(1));
    }

    private void pass(Duration calmly) {
        for (long i = 0; i < calmly.toSeconds(); i++) {
            clock.pass(Duration.ofSeconds(1));
            overload.update(Map.of(), Overload.UNKNOWN);
        }
    }
}

package org.rpcward.proxy.overload;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LadderTest {
    private static final long STEP = Duration.ofMillis(100).toNanos();

    private static final List<Signal> SIGNALS = List.of(Signal.values());

    private long now;
    private final Ladder ladder = new Ladder(0);
    private final Map<Signal, Double> values = new EnumMap<>(Signal.class);

    @Test
    void goesUpAtOnceAndAsFarAsTheWorstSignalSays() {
        values.put(Signal.EVENT_LOOP_LAG, 1200.0);
        assertThat(step()).isTrue();
        assertThat(ladder.level()).isEqualTo(1);
        values.put(Signal.HEAP, 98.0);
        assertThat(step()).isTrue();

        assertThat(ladder.level()).isEqualTo(4);
        assertThat(ladder.reason()).isEqualTo(Signal.HEAP);
        assertThat(ladder.reasonValue()).isEqualTo(98.0);
    }

    @Test
    void goesDownALevelAtATimeAfterFiveCalmSecondsEach() {
        values.put(Signal.HEAP, 98.0);
        step();
        values.put(Signal.HEAP, 10.0);
        assertThat(step()).isFalse();
        for (int level = 4; level > 0; level--) {
            for (int i = 1; i < 50; i++) {
                assertThat(step()).as("at level " + level).isFalse();
                assertThat(ladder.level()).isEqualTo(level);
            }
            assertThat(step()).isTrue();
            assertThat(ladder.level()).isEqualTo(level - 1);
        }
        assertThat(step()).isFalse();
    }

    @Test
    void aSignalJustBelowWhatRaisedTheLevelKeepsIt() {
        values.put(Signal.IN_FLIGHT, 50.0);
        step();
        values.put(Signal.IN_FLIGHT, 38.0);
        for (int i = 0; i < 1000; i++) {
            assertThat(step()).isFalse();
        }
        assertThat(ladder.level()).isEqualTo(2);

        values.put(Signal.IN_FLIGHT, 37.0);
        pass(Duration.ofSeconds(6));
        assertThat(ladder.level()).isEqualTo(1);
        pass(Duration.ofSeconds(60));
        assertThat(ladder.level()).isEqualTo(1);
        values.put(Signal.IN_FLIGHT, 18.0);
        pass(Duration.ofSeconds(6));
        assertThat(ladder.level()).isZero();
    }

    @Test
    void aRelapseBeginsTheCalmAnew() {
        values.put(Signal.EVENT_LOOP_LAG, 1000.0);
        step();
        for (int i = 0; i < 20; i++) {
            values.put(Signal.EVENT_LOOP_LAG, 0.0);
            pass(Duration.ofMillis(4900));
            values.put(Signal.EVENT_LOOP_LAG, 800.0);
            step();
            assertThat(ladder.level()).isEqualTo(1);
        }
    }

    @Test
    void whatIsTurnedAwayKeepsTheFirstLevelAndRaisesNone() {
        values.put(Signal.SHED, 1e9);
        step();
        assertThat(ladder.level()).isZero();
        values.put(Signal.RECEIVE_QUEUE, 2000.0);
        step();
        values.put(Signal.RECEIVE_QUEUE, 0.0);
        pass(Duration.ofMinutes(10));
        assertThat(ladder.level()).isEqualTo(1);

        values.put(Signal.SHED, 10.0);
        pass(Duration.ofSeconds(6));
        assertThat(ladder.level()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aSignalNeverKeepsLessThanItRaises(Signal signal) {
        int before = 0;
        for (double value = 0; value < 20_000; value += 0.5) {
            assertThat(signal.raises(value)).isBetween(before, Ladder.TOP);
            assertThat(signal.keeps(value)).isBetween(signal.raises(value), Ladder.TOP);
            before = signal.raises(value);
        }
    }

    @Test
    void knowsHowLongEachLevelWasHeld() {
        pass(Duration.ofSeconds(3));
        values.put(Signal.HEAP, 88.0);
        step();
        pass(Duration.ofSeconds(2));

        assertThat(ladder.nanosIn(0)).isEqualTo(Duration.ofMillis(3100).toNanos());
        assertThat(ladder.nanosIn(2)).isEqualTo(Duration.ofSeconds(2).toNanos());
        assertThat(ladder.nanosIn(1) + ladder.nanosIn(3) + ladder.nanosIn(4)).isZero();
    }

    /** The same told in other words: a level holds until each of the last five seconds' steps kept less. */
    @Test
    void behavesLikeItsDescriptionWhateverTheSignalsDo() {
        Random random = new Random(3);
        int expected = 0;
        long calmSince = -1;
        for (int i = 0; i < 300_000; i++) {
            if (random.nextInt(30) == 0) {
                Signal signal = SIGNALS.get(random.nextInt(SIGNALS.size()));
                values.put(signal, random.nextBoolean() ? 0 : random.nextDouble() * 120);
            }
            int raised = values.entrySet().stream()
                    .mapToInt(e -> e.getKey().raises(e.getValue()))
                    .max()
                    .orElse(0);
            int kept = values.entrySet().stream()
                    .mapToInt(e -> e.getKey().keeps(e.getValue()))
                    .max()
                    .orElse(0);
            int before = expected;
            now += 1 + random.nextInt((int) (8 * STEP));
            if (raised > expected) {
                expected = raised;
                calmSince = -1;
            } else if (kept >= expected) {
                calmSince = -1;
            } else if (calmSince < 0) {
                calmSince = now;
            } else if (now - calmSince >= Ladder.CALM) {
                expected--;
                calmSince = now;
            }
            assertThat(ladder.update(now, values)).isEqualTo(expected != before);
            assertThat(ladder.level()).isEqualTo(expected);
        }
    }

    private boolean step() {
        now += STEP;
        return ladder.update(now, values);
    }

    private void pass(Duration time) {
        for (long end = now + time.toNanos(); now < end; ) {
            step();
        }
    }
}

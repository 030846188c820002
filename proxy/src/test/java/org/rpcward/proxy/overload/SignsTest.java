package org.rpcward.proxy.overload;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What event loops and sockets tell: {@link Beat} and {@link Backlog}. */
class SignsTest {
    private static final long MILLI = Duration.ofMillis(1).toNanos();

    private final Beat beat = new Beat(0);
    private final Backlog backlog = new Backlog();

    @Test
    void aLoopThatIsLateThreeTimesInARowIsLate() {
        long now = 0;
        for (long late : new long[] {0, 500, 300, 400}) {
            now += Beat.PERIOD_NANOS + late * MILLI;
            beat.beat(now);
        }
        assertThat(beat.lagNanos(now, 0)).isEqualTo(300 * MILLI);
        now += Beat.PERIOD_NANOS;
        beat.beat(now);
        assertThat(beat.lagNanos(now, 0)).isZero();
    }

    @Test
    void onePauseIsNoLag() {
        beat.beat(Beat.PERIOD_NANOS);
        beat.beat(Beat.PERIOD_NANOS * 50);
        beat.beat(Beat.PERIOD_NANOS * 51);

        assertThat(beat.lagNanos(Beat.PERIOD_NANOS * 51, 0)).isZero();
    }

    @Test
    void aLoopThatDoesNotComeAtAllIsSeenWithoutItsHelp() {
        beat.beat(Beat.PERIOD_NANOS);
        assertThat(beat.lagNanos(Beat.PERIOD_NANOS * 4, 0)).isZero();
        assertThat(beat.lagNanos(Beat.PERIOD_NANOS * 21, 0)).isEqualTo(Beat.PERIOD_NANOS * 19);
    }

    @Test
    void whatIsMissedWhileNobodyWatchesIsNoLag() {
        beat.beat(Beat.PERIOD_NANOS);
        long resumed = Beat.PERIOD_NANOS * 600;
        assertThat(beat.lagNanos(resumed, resumed)).isZero();
        assertThat(beat.lagNanos(resumed + Beat.PERIOD_NANOS * 21, resumed)).isEqualTo(Beat.PERIOD_NANOS * 20);
    }

    @Test
    void aQueueStandsFromTheFirstFullReadToTheLast() {
        for (int i = 0; i <= 30; i++) {
            backlog.filled(10L * i * MILLI);
        }
        assertThat(backlog.nanos(300 * MILLI)).isEqualTo(300 * MILLI);
        assertThat(backlog.nanos(400 * MILLI)).isEqualTo(300 * MILLI);
    }

    @Test
    void aShortReadEndsIt() {
        backlog.filled(0);
        backlog.filled(100 * MILLI);
        backlog.emptied();
        assertThat(backlog.nanos(100 * MILLI)).isZero();
        backlog.filled(150 * MILLI);
        backlog.filled(160 * MILLI);
        assertThat(backlog.nanos(160 * MILLI)).isEqualTo(10 * MILLI);
    }

    @Test
    void silenceEndsItToo() {
        backlog.filled(0);
        backlog.filled(150 * MILLI);
        assertThat(backlog.nanos(351 * MILLI)).isZero();
        backlog.filled(500 * MILLI);
        assertThat(backlog.nanos(500 * MILLI)).isZero();
        backlog.filled(600 * MILLI);
        assertThat(backlog.nanos(600 * MILLI)).isEqualTo(100 * MILLI);
    }
}

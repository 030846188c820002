package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.overload.Beat;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Signal;

class OverloadWatchTest {
    private static final Duration PERIOD = Duration.ofNanos(Beat.PERIOD_NANOS);

    private final FakeClock clock = new FakeClock();
    private final Overload overload = new Overload(clock);
    private final List<String> mistakes = new ArrayList<>();
    private boolean broken;
    private final OverloadWatch watch = new OverloadWatch(
            overload,
            () -> 0,
            () -> 0,
            this::lost,
            () -> {},
            clock,
            new Recurring((where, mistake) -> mistakes.add(where + " " + mistake.getMessage())));
    private final Beat first = watch.watch();
    private final Beat second = watch.watch();

    @BeforeEach
    void allIsWell() {
        go(Duration.ofSeconds(1), first, second);
        assertThat(overload.level()).isZero();
    }

    private long lost() {
        if (broken) {
            throw new IllegalStateException("a mistake");
        }
        return 0;
    }

    /** Time passes in which these loops come round, and the one that watches. */
    private void go(Duration time, Beat... loops) {
        for (Duration gone = Duration.ZERO; gone.compareTo(time) < 0; gone = gone.plus(PERIOD)) {
            clock.pass(PERIOD);
            for (Beat loop : loops) {
                loop.beat(clock.getAsLong());
            }
            watch.look();
        }
    }

    @Test
    void aLookThatFailsIsToldAndNotTheLast() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.freezeTime();
        watch.start(channel.eventLoop(), channel.eventLoop());
        broken = true;
        turn(channel, 2);
        assertThat(mistakes).containsExactly("overload a mistake", "overload a mistake");

        broken = false;
        turn(channel, 15);
        assertThat(overload.level()).isEqualTo(1);
    }

    /** The loop comes round, and the two that are looked at besides it do not. */
    private void turn(EmbeddedChannel loop, int periods) {
        for (int i = 0; i < periods; i++) {
            clock.pass(PERIOD);
            loop.advanceTimeBy(Beat.PERIOD_NANOS, TimeUnit.NANOSECONDS);
            loop.runScheduledPendingTasks();
        }
    }

    @Test
    void aPauseOfTheWholeProcessIsNoOverload() {
        clock.pass(Duration.ofMinutes(3));

        watch.look();

        assertThat(overload.level()).isZero();
        assertThat(overload.signal(Signal.EVENT_LOOP_LAG)).isZero();
        go(Duration.ofSeconds(1), first, second);
        assertThat(overload.level()).isZero();
    }

    @Test
    void norIsItWhenALoopComesRoundBeforeTheOneThatWatches() {
        clock.pass(Duration.ofMinutes(3));
        first.beat(clock.getAsLong());
        watch.look();
        second.beat(clock.getAsLong());
        watch.look();

        assertThat(overload.level()).isZero();
    }

    @Test
    void aLoopThatIsStuckWhileOthersComeRoundIs() {
        go(Duration.ofSeconds(11), first);

        assertThat(overload.level()).isEqualTo(Overload.TOP);
        assertThat(overload.state().reason()).isEqualTo(Signal.EVENT_LOOP_LAG);
    }

    @Test
    void oneThatIsStuckAfterAPauseIsToo() {
        clock.pass(Duration.ofMinutes(3));
        watch.look();

        go(Duration.ofMillis(1500), first);
        assertThat(overload.level()).isEqualTo(1);

        go(Duration.ofMillis(1500), first);
        assertThat(overload.level()).isEqualTo(2);
    }

    @Test
    void oneThatIsLateEachTimeIsThoughTheOneThatWatchesIsLateWithIt() {
        for (int i = 0; i < 4; i++) {
            clock.pass(Duration.ofMillis(1500));
            first.beat(clock.getAsLong());
            second.beat(clock.getAsLong());
            watch.look();
        }

        assertThat(overload.level()).isEqualTo(1);
    }
}

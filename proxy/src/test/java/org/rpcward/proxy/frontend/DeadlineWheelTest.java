package org.rpcward.proxy.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DeadlineWheelTest {
    private static final long TICK = DeadlineWheel.TICK_NANOS;
    private static final long STEP = TICK / 4;
    private static final long NONE = Long.MAX_VALUE;

    private final MockTicker time = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(time).build();
    private final DeadlineWheel wheel = new DeadlineWheel(channel.eventLoop());
    private final List<Marked> met = new ArrayList<>();
    private final List<Long> late = new ArrayList<>();

    private class Marked extends DeadlineWheel.Entry {
        private long deadline = NONE;
        private long again;

        void set(long nanos) {
            deadline = nanos;
            wheel.set(this, nanos);
        }

        @Override
        void due() {
            late.add(wheel.now() - deadline);
            met.add(this);
            deadline = NONE;
            if (again > 0) {
                set(wheel.now() + again);
            }
        }
    }

    @Test
    void aDeadlineIsMetAtTheFirstTickAfterItAndNeverBefore() {
        Marked entry = new Marked();
        entry.set(wheel.now() + 5 * TICK / 2);
        pass(5 * TICK / 2 - 1);
        assertThat(met).isEmpty();
        pass(TICK);
        assertThat(met).containsExactly(entry);
        pass(1000 * TICK);
        assertThat(met).containsExactly(entry);
    }

    @Test
    void aDeadlineFurtherThanATurnIsMetInItsOwnTurn() {
        Marked entry = new Marked();
        entry.set(wheel.now() + 1000 * TICK);
        pass(999 * TICK);
        assertThat(met).isEmpty();
        pass(2 * TICK);
        assertThat(met).containsExactly(entry);
    }

    @Test
    void aDeadlineThatIsOverIsMetAtTheNextTick() {
        pass(10 * TICK);
        Marked entry = new Marked();
        entry.set(wheel.now());
        assertThat(met).isEmpty();
        pass(TICK);
        assertThat(met).containsExactly(entry);
    }

    @Test
    void aLoopThatStoodStillMeetsEverythingThatIsOverAndNothingElse() {
        List<Marked> entries = new ArrayList<>();
        long now = wheel.now();
        for (int i = 0; i < 2000; i++) {
            entries.add(new Marked() {
                @Override
                void due() {
                    met.add(this);
                }
            });
            entries.get(i).set(now + i * TICK);
        }
        time.advance(1000 * TICK, TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();

        assertThat(met).containsExactlyInAnyOrderElementsOf(entries.subList(0, 1001));
    }

    @Test
    void turnsOnlyWhileItHoldsSomething() {
        Marked entry = new Marked();
        entry.set(wheel.now() + 3 * TICK);
        assertThat(channel.runScheduledPendingTasks()).isPositive();
        wheel.drop(entry);
        wheel.drop(entry);
        pass(10 * TICK);
        assertThat(channel.runScheduledPendingTasks()).isEqualTo(-1);
        entry.set(wheel.now() + TICK);
        pass(2 * TICK);
        assertThat(met).containsExactly(entry);
    }

    @Test
    void keepsEveryDeadlineWhateverIsSetMovedAndDropped() {
        Random random = new Random(11);
        List<Marked> entries = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Marked entry = new Marked();
            entry.again = i % 5 == 0 ? (long) (random.nextDouble() * 300 * TICK) + 1 : 0;
            entries.add(entry);
        }
        for (int step = 0; step < 20_000; step++) {
            Marked entry = entries.get(random.nextInt(entries.size()));
            if (random.nextInt(4) == 0) {
                entry.deadline = NONE;
                wheel.drop(entry);
            } else {
                entry.set(wheel.now() + (long) (random.nextDouble() * 600 * TICK));
            }
            pass((long) (random.nextDouble() * 2 * TICK));
            for (Marked each : entries) {
                assertThat(each.deadline).isGreaterThan(wheel.now() - TICK - STEP);
            }
        }
        assertThat(met).hasSizeGreaterThan(1000);
        assertThat(late).allSatisfy(nanos -> assertThat(nanos).isBetween(0L, TICK + STEP));
    }

    private void pass(long nanos) {
        for (long left = nanos; left > 0; left -= STEP) {
            time.advance(Math.min(left, STEP), TimeUnit.NANOSECONDS);
            channel.runScheduledPendingTasks();
        }
    }
}

package org.rpcward.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.ManualExecutor;

class PulseTest {
    private final FakeClock clock = new FakeClock();
    private final ManualExecutor good = new ManualExecutor();
    private final ManualExecutor stuck = new ManualExecutor();
    private final Pulse pulse = new Pulse(List.of(good, stuck), clock);

    @Test
    void aLoopThatDoesNotComeRoundIsStuckUntilItDoes() {
        for (int i = 0; i < 7; i++) {
            pulse.beat();
            good.runAll();
            clock.pass(java.time.Duration.ofSeconds(1));
        }
        assertThat(pulse.stuck()).isEqualTo(1);
        assertThat(stuck.waiting()).isEqualTo(1);

        stuck.runAll();

        assertThat(pulse.stuck()).isZero();
    }

    @Test
    void aLoopThatHasEndedIsStuck() {
        stuck.close();
        pulse.beat();
        clock.pass(Pulse.LONGEST.plusNanos(1));
        assertThat(pulse.stuck()).isEqualTo(2);
        pulse.beat();
        good.runAll();
        assertThat(pulse.stuck()).isEqualTo(1);
    }

    @Test
    void eachBeatRunsWhatWasAskedFor() {
        int[] beats = {0};
        pulse.each(() -> beats[0]++);
        pulse.beat();
        pulse.beat();
        assertThat(beats[0]).isEqualTo(2);
    }
}

package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.rpcward.proxy.fixture.FakeClock;

class ReloadCountsTest {
    private final FakeClock clock = new FakeClock();
    private final ReloadCounts counts = new ReloadCounts(clock);

    @Test
    void reloadsAreCountedAndTheLastThatWorkedIsDated() {
        counts.tookEffect();
        double start = counts.inForceSince();
        clock.pass(Duration.ofSeconds(10));
        counts.ended(ReloadCounts.Result.INVALID);
        assertThat(counts.inForceSince()).isEqualTo(start);
        assertThat(counts.lastWorked()).isFalse();
        counts.ended(ReloadCounts.Result.OK);

        assertThat(counts.inForceSince()).isEqualTo(start + 10);
        assertThat(counts.lastWorked()).isTrue();
        assertThat(counts.of(ReloadCounts.Result.OK)).isEqualTo(1);
        assertThat(counts.of(ReloadCounts.Result.INVALID)).isEqualTo(1);
    }
}

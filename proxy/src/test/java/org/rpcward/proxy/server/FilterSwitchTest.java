package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FilterSwitchTest {
    private final AtomicLong droppedByKernel = new AtomicLong();
    private final AtomicInteger woken = new AtomicInteger();
    private final FilterSwitch filters = new FilterSwitch(droppedByKernel::get, woken::incrementAndGet);

    private void drop(int count) {
        for (int i = 0; i < count; i++) {
            filters.dropped();
        }
    }

    @Test
    void fewInEachSecondAreLeftToTheLog() {
        for (int second = 0; second < 100; second++) {
            drop(FilterSwitch.MANY - 1);
            assertThat(filters.tick()).isFalse();
        }
        assertThat(woken).hasValue(0);
        assertThat(filters.isOn()).isFalse();
    }

    @Test
    void manyInOneSecondAskForFiltersOnce() {
        drop(FilterSwitch.MANY);
        assertThat(woken).hasValue(1);
        drop(10_000);
        assertThat(woken).hasValue(1);

        assertThat(filters.turnOn()).isTrue();
        assertThat(filters.turnOn()).isFalse();
        assertThat(filters.isOn()).isTrue();
    }

    @Test
    void whatTheKernelDropsKeepsThemOn() {
        droppedByKernel.set(5_000);
        filters.turnOn();
        for (int second = 0; second < 100; second++) {
            droppedByKernel.addAndGet(FilterSwitch.MANY);
            assertThat(filters.tick()).isFalse();
        }
        assertThat(filters.isOn()).isTrue();
    }

    @Test
    void soManyQuietSecondsInARowTurnThemOff() {
        droppedByKernel.set(5_000);
        filters.turnOn();
        quietSeconds(FilterSwitch.QUIET_SECONDS - 1);
        drop(FilterSwitch.MANY / 2);
        droppedByKernel.addAndGet(FilterSwitch.MANY / 2);
        assertThat(filters.tick()).isFalse();
        quietSeconds(FilterSwitch.QUIET_SECONDS - 1);
        assertThat(filters.tick()).isTrue();
        assertThat(filters.isOn()).isFalse();

        woken.set(0);
        drop(FilterSwitch.MANY);
        assertThat(woken).hasValue(1);
    }

    private void quietSeconds(int seconds) {
        for (int second = 0; second < seconds; second++) {
            assertThat(filters.tick()).isFalse();
        }
    }
}

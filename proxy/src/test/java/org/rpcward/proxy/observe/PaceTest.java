package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final Pace pace = new Pace(0);

    @Test
    void fiftyLinesInASecondAreFewAndMoreAreMany() {
        for (int i = 0; i < Pace.MANY; i++) {
            assertThat(pace.isQuick(i * MILLI)).isFalse();
        }
        assertThat(pace.isQuick(Pace.MANY * MILLI)).isTrue();
    }

    @Test
    void aQuickSecondMakesTheNextOneQuickAndNoOther() {
        for (int i = 0; i < 200; i++) {
            pace.isQuick(i * 5L * MILLI);
        }
        assertThat(pace.isQuick(1001 * MILLI)).isTrue();
        assertThat(pace.isQuick(2500 * MILLI)).isFalse();
    }

    @Test
    void afterAPauseItIsSlow() {
        for (int i = 0; i < 200; i++) {
            pace.isQuick(i * MILLI);
        }
        assertThat(pace.isQuick(3000 * MILLI)).isFalse();
    }
}

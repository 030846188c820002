package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class TallyTest {
    private static final int OLD = 0;
    private static final int NEW = 1;

    private final Tally tally = new Tally(2);

    @Test
    void addsUpWhatAllThreadsCounted() throws Exception {
        tally.add(OLD, 2);
        Thread other = new Thread(() -> tally.add(OLD, 3));
        other.start();
        other.join();

        assertThat(tally.sum(OLD)).isEqualTo(5);
        assertThat(tally.sum(NEW)).isZero();
    }

    @Test
    void whatIsForgottenBeginsAtZero() {
        tally.add(OLD, 2);
        tally.forget(OLD);
        tally.add(OLD, 1);

        assertThat(tally.sum(OLD)).isEqualTo(1);
    }

    /** A sum over both never falls, so that a counter that Prometheus reads never seems to start anew. */
    @Test
    void nothingIsLostThatIsCountedWhileACellMoves() throws Exception {
        int count = 5_000_000;
        CountDownLatch counting = new CountDownLatch(1);
        Thread counter = new Thread(() -> {
            tally.add(OLD, 1);
            counting.countDown();
            for (int i = 1; i < count; i++) {
                tally.add(OLD, 1);
            }
        });
        counter.start();
        counting.await();
        while (counter.isAlive()) {
            tally.move(OLD, NEW);
        }
        counter.join();

        assertThat(tally.sum(OLD) + tally.sum(NEW)).isEqualTo(count);
    }
}

package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
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

    /** A pool that begins new threads again and again would fill the memory. */
    @Test
    void whatThreadsCountedThatHaveEndedIsKeptAndTheirRowsAreNot() throws Exception {
        List<WeakReference<long[]>> rows = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Thread brief = new Thread(() -> {
                tally.add(OLD, 1);
                rows.add(new WeakReference<>(tally.mine()));
            });
            brief.start();
            brief.join();
        }
        tally.add(OLD, 1);

        await().until(() -> {
            System.gc();
            return rows.stream().allMatch(row -> row.get() == null);
        });
        assertThat(tally.sum(OLD)).isEqualTo(11);
        tally.move(OLD, NEW);
        assertThat(tally.sum(NEW)).isEqualTo(11);
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

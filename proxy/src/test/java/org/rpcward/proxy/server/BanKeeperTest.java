package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanObserver;
import org.rpcward.proxy.ban.BanRefusedException;
import org.rpcward.proxy.ban.BanStore;
import org.rpcward.proxy.scan.Scans;

class BanKeeperTest {
    private static final AddressPrefix SCANNER =
            AddressPrefix.parse("192.0.2.7").orElseThrow();

    private final List<Runnable> scheduled = new ArrayList<>();
    private final List<String> mistakes = new ArrayList<>();
    private final ScheduledThreadPoolExecutor noClock = new ScheduledThreadPoolExecutor(1) {
        @Override
        public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long first, long pause, TimeUnit unit) {
            scheduled.add(task);
            return super.scheduleWithFixedDelay(task, 1, 1, TimeUnit.DAYS);
        }
    };
    private final Disk disk = new Disk();
    private final BanKeeper keeper = BanKeeper.start(
            noClock,
            disk,
            new Silent(),
            new Scans(new Random(1), (sighting, bound) -> {}),
            new Recurring((where, mistake) -> mistakes.add(where + " " + mistake.getMessage())));

    private static final class Disk implements BanStore {
        private final List<Kept> tried = new ArrayList<>();
        private boolean full;
        private boolean broken;

        @Override
        public @Nullable Kept load() {
            return null;
        }

        @Override
        public boolean save(Kept kept) {
            tried.add(kept);
            if (broken) {
                throw new IllegalStateException("a mistake");
            }
            return !full;
        }
    }

    private static final class Silent implements BanObserver {
        @Override
        public void banned(Ban ban) {}

        @Override
        public void unbanned(Ban ban, Ban.End end) {}

        @Override
        public void pardoned(AddressPrefix prefix) {}
    }

    @AfterEach
    void stop() {
        noClock.shutdownNow();
    }

    private void tick(int times) {
        for (int i = 0; i < times; i++) {
            keeper.tick();
        }
    }

    private void ban() throws BanRefusedException {
        keeper.bans().ban(SCANNER, Duration.ofHours(1), "", false);
    }

    @Test
    void savesEachChangeOnce() throws BanRefusedException {
        ban();
        tick(100);
        assertThat(disk.tried).hasSize(1);
    }

    @Test
    void whatCouldNotBeSavedIsTriedAgainUntilItIs() throws BanRefusedException {
        disk.full = true;
        ban();
        tick(1);
        assertThat(disk.tried).hasSize(1);
        tick(BanKeeper.TICKS_UNTIL_RETRY);
        assertThat(disk.tried).hasSize(2);

        disk.full = false;
        tick(BanKeeper.TICKS_UNTIL_RETRY);
        assertThat(disk.tried).hasSize(3).allMatch(kept -> kept.bans().size() == 1);
        tick(100);
        assertThat(disk.tried).hasSize(3);
    }

    @Test
    void aMistakeInSavingIsToldAndNotTheEndOfIt() throws BanRefusedException {
        disk.broken = true;
        ban();
        scheduled.get(0).run();
        assertThat(mistakes).containsExactly("bans a mistake");

        disk.broken = false;
        tick(BanKeeper.TICKS_UNTIL_RETRY);
        assertThat(disk.tried).hasSize(2);
    }

    @Test
    void andOnceMoreAtTheEnd() throws BanRefusedException {
        disk.full = true;
        ban();
        tick(1);
        disk.full = false;
        keeper.close();
        assertThat(disk.tried).hasSize(2);
    }
}

package org.rpcward.proxy.server;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanObserver;
import org.rpcward.proxy.ban.BanStore;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.scan.Scans;

/** Takes ended bans away, and keeps those in force over a restart: off the event loops, and all changes of a moment at once. */
final class BanKeeper {
    /** A process that is killed loses no more of them than this. */
    private static final Duration INTERVAL = Duration.ofMillis(500);

    /** What could not be kept is tried again only so often: 10 seconds. */
    static final int TICKS_UNTIL_RETRY = 20;

    private final Bans bans;
    private final BanStore store;
    private final ScheduledFuture<?> ticking;

    /** What is not on disk yet; guarded by this, as the ticks since it was tried are. */
    private BanStore.@Nullable Kept unsaved;

    private int ticksSinceTried;

    private BanKeeper(Bans bans, BanStore store, ScheduledExecutorService writer, Recurring recurring) {
        this.bans = bans;
        this.store = store;
        this.ticking = writer.scheduleWithFixedDelay(
                recurring.of("bans", this::tick), INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Begins with what was kept. */
    static BanKeeper start(
            ScheduledExecutorService writer, BanStore store, BanObserver log, Scans scans, Recurring recurring) {
        Bans bans = new Bans(
                System::nanoTime,
                InstantSource.system(),
                new SecureRandom(),
                BanKeeper::isOurs,
                new Forgiving(log, scans));
        BanStore.Kept kept = store.load();
        if (kept != null) {
            bans.restore(kept);
        }
        return new BanKeeper(bans, store, writer, recurring);
    }

    /** Tells the log, and lets those whose bans are lifted begin at no points. */
    private record Forgiving(BanObserver log, Scans scans) implements BanObserver {
        @Override
        public void banned(Ban ban) {
            log.banned(ban);
        }

        @Override
        public void unbanned(Ban ban, Ban.End end) {
            log.unbanned(ban, end);
        }

        @Override
        public void pardoned(AddressPrefix prefix) {
            scans.forget(prefix);
            log.pardoned(prefix);
        }
    }

    Bans bans() {
        return bans;
    }

    /** Half a second is over. */
    void tick() {
        tick(false);
    }

    private synchronized void tick(boolean last) {
        bans.tick();
        BanStore.Kept changes = bans.changes();
        if (changes != null) {
            unsaved = changes;
        }
        boolean tries = changes != null || last || ++ticksSinceTried >= TICKS_UNTIL_RETRY;
        if (unsaved != null && tries) {
            ticksSinceTried = 0;
            unsaved = store.save(unsaved) ? null : unsaved;
        }
    }

    /** Keeps what is in force now. */
    void close() {
        ticking.cancel(false);
        tick(true);
    }

    /**
     * Asked when a source is about to be banned, so that an address that came a moment ago counts too. Not those of
     * loopback: whoever asks from there is told apart by its address as anybody else, and {@code never} can name it.
     */
    private static boolean isOurs(IpAddress address) {
        try {
            return !address.isLoopback()
                    && NetworkInterface.getByInetAddress(InetAddress.getByAddress(address.bytes())) != null;
        } catch (SocketException | UnknownHostException e) {
            return false;
        }
    }
}

package org.rpcward.proxy.observe;

import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanObserver;
import org.rpcward.proxy.scan.ScanObserver;
import org.rpcward.proxy.scan.Sighting;

/**
 * Logs bans and scanners: of each kind no more than so many lines a second, and then how many there were besides.
 * Scanners over UDP, whose addresses may be forged, are a kind of their own. Thread-safe.
 */
public final class GuardLog implements BanObserver, ScanObserver {
    private static final int LINES_PER_SECOND = 100;

    private final EventLog log;
    private final LongSupplier nanoClock;
    private final Kind bans = new Kind();
    private final Kind scannersOverUdp = new Kind();
    private final Kind scannersOverTcp = new Kind();

    /** Lines that are counted together. */
    private static final class Kind {
        private long second;
        private int lines;
        private long suppressed;
    }

    public GuardLog(EventLog log, LongSupplier nanoClock) {
        this.log = log;
        this.nanoClock = nanoClock;
    }

    @Override
    public void banned(Ban ban) {
        Map<String, Object> event = log.event("ban");
        describe(event, ban);
        event.put("reason", ban.reason());
        event.put("seconds", ban.length().toSeconds());
        event.put("until", ban.until().truncatedTo(ChronoUnit.SECONDS).toString());
        if (ban.kind() == Ban.Kind.AUTOMATIC) {
            event.put("offence", ban.offence());
            event.put("evidence", ban.evidence());
        }
        write(bans, event);
    }

    @Override
    public void unbanned(Ban ban, Ban.End end) {
        Map<String, Object> event = log.event("unban");
        describe(event, ban);
        event.put("reason", end.word());
        event.put("hits", ban.hits());
        write(bans, event);
    }

    @Override
    public void pardoned(AddressPrefix prefix) {
        // What was lifted was told.
    }

    @Override
    public void scanning(Sighting sighting, Sighting.Bound bound) {
        Map<String, Object> event = log.event("enumeration");
        event.put("source", sighting.source().toString());
        event.put("transport", sighting.transport().word());
        event.put("reached", bound.word());
        event.put("points", sighting.points());
        event.put("programs", sighting.programs());
        event.put("misses", sighting.misses());
        event.put("fingerprint", sighting.fingerprint());
        write(sighting.transport() == Transport.UDP ? scannersOverUdp : scannersOverTcp, event);
    }

    /** A ban of a single address has it as its source; a ban of more has a prefix. */
    private static void describe(Map<String, Object> event, Ban ban) {
        AddressPrefix prefix = ban.prefix();
        boolean single = prefix.length() == prefix.first().bits();
        event.put(single ? "source" : "prefix", single ? prefix.first().toString() : prefix.toString());
        event.put("kind", ban.kind().word());
    }

    private synchronized void write(Kind kind, Map<String, Object> event) {
        long now = TimeUnit.NANOSECONDS.toSeconds(nanoClock.getAsLong());
        if (now != kind.second) {
            kind.second = now;
            kind.lines = 0;
        }
        if (kind.lines >= LINES_PER_SECOND) {
            kind.suppressed++;
            return;
        }
        kind.lines++;
        if (kind.suppressed > 0) {
            event.put("suppressed", kind.suppressed);
            kind.suppressed = 0;
        }
        log.write(event);
    }
}

package org.rpcward.proxy.server;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.rpcward.policy.Policy;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.frontend.Admission;
import org.rpcward.proxy.frontend.CloseReason;
import org.rpcward.proxy.frontend.ConnectionLimiter;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.metrics.Sources;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.scan.Scans;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.transport.TransportType;

/** What a scrape finds in the parts that run. */
record MeasuredProxy(
        TransportType type,
        PortmapService service,
        ConnectionLimiter limiter,
        KernelKeeper kernel,
        Bans bans,
        Scans scans,
        Overload overload,
        EventLog log)
        implements Sources {
    @Override
    public Policy policy() {
        return service.current().policy();
    }

    @Override
    public String transport() {
        return type.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Map<String, Integer> connections() {
        return limiter.openByListener();
    }

    @Override
    public Map<String, Long> admissions(String listener) {
        Map<String, Long> admissions = new TreeMap<>();
        for (Admission admission : Admission.values()) {
            admissions.put(admission.word(), limiter.admitted(listener, admission));
        }
        return admissions;
    }

    @Override
    public Map<String, Long> closes() {
        Map<String, Long> closes = new TreeMap<>();
        for (CloseReason reason : CloseReason.values()) {
            closes.put(reason.word(), limiter.closed(reason));
        }
        return closes;
    }

    @Override
    public List<Drops> drops() {
        return kernel.drops().stream()
                .map(d -> new Drops(d.listener(), d.transport(), d.lane().word(), d.dropped()))
                .toList();
    }

    @Override
    public List<LimitState> limits() {
        return service.current().limits().states();
    }

    @Override
    public CacheStats listings() {
        return service.listingStats();
    }

    @Override
    public long listingsWithoutRoom() {
        return service.listingsWithoutRoom();
    }

    @Override
    public long listingsExpired() {
        return service.listingsExpired();
    }

    @Override
    public long listingEntries() {
        return service.listingEntries();
    }

    @Override
    public long listingBytes() {
        return service.listingBytes();
    }

    @Override
    public Map<String, Directory> directories() {
        return service.current().directories();
    }

    @Override
    public long lostEvents() {
        return log.lost();
    }
}

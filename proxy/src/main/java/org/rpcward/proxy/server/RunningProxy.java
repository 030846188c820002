package org.rpcward.proxy.server;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.rpcward.proxy.admin.CacheView;
import org.rpcward.proxy.admin.Views;
import org.rpcward.proxy.observe.CallCounts;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.observe.RuleKey;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.service.Serving;
import org.rpcward.proxy.transport.TransportType;

/** What the admin server sees of the parts that run. */
record RunningProxy(
        String policyFile,
        TransportType type,
        PortmapService service,
        Sockets sockets,
        CallLog callLog,
        CallCounts calls,
        Overload overload)
        implements Views.Running {
    @Override
    public String version() {
        String version = RunningProxy.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public String transport() {
        return type.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Serving serving() {
        return service.current();
    }

    @Override
    public Map<String, List<String>> addresses() {
        return sockets.addresses();
    }

    @Override
    public Map<String, Object> counters() {
        return callLog.totals();
    }

    @Override
    public Map<RuleKey, Long> ruleHits() {
        return calls.ruleHits();
    }

    @Override
    public int overloadLevel() {
        return overload.level();
    }

    @Override
    public List<CacheView> caches() {
        CacheStats listings = service.listingStats();
        return List.of(new CacheView("listings", listings.hitCount(), listings.missCount(), listings.evictionCount()));
    }
}

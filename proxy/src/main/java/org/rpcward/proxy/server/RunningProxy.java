package org.rpcward.proxy.server;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.rpcward.proxy.admin.CacheView;
import org.rpcward.proxy.admin.Door;
import org.rpcward.proxy.admin.Views;
import org.rpcward.proxy.observe.CacheCounts;
import org.rpcward.proxy.observe.CallCounts;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.observe.RuleKey;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.registry.CacheObserver;
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
        CacheCounts caches,
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
    public List<Door> doors() {
        return sockets.served().stream()
                .map(s -> new Door(
                        s.local().listener(),
                        s.key().transport(),
                        s.local().address(),
                        s.local().answerAddresses()))
                .toList();
    }

    @Override
    public long asked(CacheObserver.Cache cache, CacheObserver.Result result) {
        return caches.of(cache, result);
    }

    @Override
    public CacheView.Kind listings() {
        CacheStats listings = service.listingStats();
        return new CacheView.Kind(
                "listing",
                service.listingEntries(),
                listings.hitCount(),
                0,
                listings.missCount(),
                0,
                0,
                listings.evictionCount());
    }
}

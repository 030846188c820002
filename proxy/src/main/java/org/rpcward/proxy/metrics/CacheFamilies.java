package org.rpcward.proxy.metrics;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.util.List;
import org.rpcward.proxy.observe.CacheCounts;
import org.rpcward.proxy.registry.CacheObserver;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.ForwardDirectory;
import org.rpcward.proxy.registry.RegistryStore;

/** What is remembered of backends, and how often that suffices. */
final class CacheFamilies {
    /** The cache of encoded listings. */
    private static final String LISTING = "listing";

    private CacheFamilies() {}

    static List<Family> of(CacheCounts caches, Sources sources) {
        return List.of(
                Family.counter(
                        "rpcward_cache_requests_total",
                        "Questions to what is remembered of backends",
                        List.of("cache", "result"),
                        sink -> {
                            for (CacheObserver.Cache cache : CacheObserver.Cache.values()) {
                                for (CacheObserver.Result result : CacheObserver.Result.values()) {
                                    sink.count(caches.of(cache, result), cache.word(), result.word());
                                }
                            }
                            CacheStats listings = sources.listings();
                            sink.count(listings.hitCount(), LISTING, CacheObserver.Result.HIT.word());
                            sink.count(listings.missCount(), LISTING, CacheObserver.Result.MISS.word());
                        }),
                Family.gauge(
                        "rpcward_cache_entries",
                        "What is remembered: registrations, answers of backends, encoded listings",
                        List.of("cache"),
                        sink -> {
                            long registrations = 0;
                            long answers = 0;
                            for (Directory directory : sources.directories().values()) {
                                RegistryStore.Kept known = directory.known();
                                registrations +=
                                        known == null ? 0 : known.rows().size();
                                answers += directory instanceof ForwardDirectory forward ? forward.remembered() : 0;
                            }
                            sink.count(registrations, CacheObserver.Cache.MIRROR.word());
                            sink.count(answers, CacheObserver.Cache.FORWARD.word());
                            sink.count(sources.listingEntries(), LISTING);
                        }),
                Family.gauge(
                        "rpcward_cache_weight_bytes",
                        "Memory of encoded listings",
                        List.of("cache"),
                        sink -> sink.count(sources.listingBytes(), LISTING)),
                Family.counter(
                        "rpcward_cache_evictions_total",
                        "Encoded listings that were forgotten, for want of room or of anybody who asked",
                        List.of("cache", "cause"),
                        sink -> {
                            sink.count(sources.listingsWithoutRoom(), LISTING, "size");
                            sink.count(sources.listingsExpired(), LISTING, "expired");
                        }));
    }
}

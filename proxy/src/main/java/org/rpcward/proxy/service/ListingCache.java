package org.rpcward.proxy.service;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.time.Duration;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.registry.Registry;
import org.rpcward.proxy.rpcbind.Results.Asked;

/*
 * A listing costs a decision for each row, and most clients see the same few. What a listing shows depends on the rows,
 * on the rules with the class of sources that the client is in, or on the view, and on the addresses that stand in it;
 * all of that is the key, so that an entry is never wrong, only no longer asked for. The registry is compared by identity:
 * a reading that brings other rows makes a new one, and the listings of the old one go with it.
 */
/** Results of listings, encoded. Bounded in bytes. Thread-safe. */
final class ListingCache {
    /** Of one registry. */
    private static final long MAX_BYTES = 4 << 20;

    /** More than there are backends, for the time until the listings of an old registry are collected. */
    private static final int MAX_REGISTRIES = 16;

    /** What an entry costs besides its bytes. */
    private static final int OVERHEAD = 200;

    private static final Duration UNUSED = Duration.ofMinutes(1);

    private final EvictionCounts stats = new EvictionCounts();
    private final Cache<Registry, Cache<Key, Listing>> byRegistry =
            Caffeine.newBuilder().weakKeys().maximumSize(MAX_REGISTRIES).build();

    /**
     * All that a listing of one registry depends on.
     *
     * @param revision of the policy
     * @param sources the class of sources, where the rules decide what is shown; null where a view does, or nothing
     * @param view the view's name, or another word for what is not a view
     */
    record Key(
            String revision,
            @Nullable Object sources,
            String view,
            int protocol,
            Transport transport,
            Set<Transport> served,
            Asked asked) {}

    /**
     * A listing.
     *
     * @param results as they follow the header of a reply
     * @param hidden how many rows were left out
     */
    @SuppressWarnings("ArrayRecordComponent") // written into replies, and never compared
    record Listing(byte[] results, int hidden) {}

    Listing get(Registry registry, Key key, Supplier<Listing> encode) {
        return byRegistry.get(registry, r -> listings()).get(key, k -> encode.get());
    }

    private Cache<Key, Listing> listings() {
        return Caffeine.newBuilder()
                .maximumWeight(MAX_BYTES)
                .<Key, Listing>weigher((key, listing) -> listing.results().length + OVERHEAD)
                .expireAfterAccess(UNUSED)
                .recordStats(() -> stats)
                .build();
    }

    /** How many listings are kept. */
    long entries() {
        return byRegistry.asMap().values().stream()
                .mapToLong(Cache::estimatedSize)
                .sum();
    }

    /** How many bytes they have. */
    long bytes() {
        return byRegistry.asMap().values().stream()
                .flatMap(listings -> listings.policy().eviction().stream())
                .mapToLong(eviction -> eviction.weightedSize().orElse(0))
                .sum();
    }

    CacheStats stats() {
        return stats.snapshot();
    }

    EvictionCounts evictions() {
        return stats;
    }
}

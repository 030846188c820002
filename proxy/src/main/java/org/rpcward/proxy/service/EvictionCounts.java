package org.rpcward.proxy.service;

import com.github.benmanes.caffeine.cache.RemovalCause;
import com.github.benmanes.caffeine.cache.stats.CacheStats;
import com.github.benmanes.caffeine.cache.stats.ConcurrentStatsCounter;
import com.github.benmanes.caffeine.cache.stats.StatsCounter;
import java.util.concurrent.atomic.LongAdder;

/** What Caffeine counts, and why entries were evicted, which its own counter does not keep. Thread-safe. */
final class EvictionCounts implements StatsCounter {
    private final ConcurrentStatsCounter all = new ConcurrentStatsCounter();
    private final LongAdder size = new LongAdder();
    private final LongAdder expired = new LongAdder();

    @Override
    public void recordHits(int count) {
        all.recordHits(count);
    }

    @Override
    public void recordMisses(int count) {
        all.recordMisses(count);
    }

    @Override
    public void recordLoadSuccess(long loadTime) {
        all.recordLoadSuccess(loadTime);
    }

    @Override
    public void recordLoadFailure(long loadTime) {
        all.recordLoadFailure(loadTime);
    }

    @Override
    public void recordEviction(int weight, RemovalCause cause) {
        all.recordEviction(weight, cause);
        (cause == RemovalCause.SIZE ? size : expired).increment();
    }

    @Override
    public CacheStats snapshot() {
        return all.snapshot();
    }

    /** For want of room. */
    long size() {
        return size.sum();
    }

    /** Because nobody asked for them. */
    long expired() {
        return expired.sum();
    }
}

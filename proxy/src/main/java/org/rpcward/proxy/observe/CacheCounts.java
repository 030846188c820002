package org.rpcward.proxy.observe;

import org.rpcward.proxy.registry.CacheObserver;

/** Counts how questions fared at what is remembered of backends. Thread-safe, without contention between event loops. */
@SuppressWarnings("EnumOrdinal") // places of this run, which nothing outside of it knows
public final class CacheCounts implements CacheObserver {
    private static final int CACHES = Cache.values().length;
    private static final int RESULTS = Result.values().length;

    private final Tally tally = new Tally(CACHES * RESULTS);

    CacheCounts() {}

    private static int cell(Cache cache, Result result) {
        return cache.ordinal() * RESULTS + result.ordinal();
    }

    @Override
    public void asked(Cache cache, Result result) {
        tally.add(cell(cache, result), 1);
    }

    public long of(Cache cache, Result result) {
        return tally.sum(cell(cache, result));
    }
}

package org.rpcward.proxy.limit;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Buckets that are picked by hash, and shared by those whose hashes fall together. Thread-safe. */
final class SharedBuckets {
    /** Each made when it is first needed. */
    private static final int COUNT = 1 << 12;

    private final Allowance allowance;
    private final AtomicReferenceArray<@Nullable TokenBucket> buckets = new AtomicReferenceArray<>(COUNT);

    SharedBuckets(Allowance allowance) {
        this.allowance = allowance;
    }

    boolean act(Act act, long amount, long hash, long now) {
        TokenBucket bucket = bucket(hash, now);
        synchronized (bucket) {
            return act.on(bucket, amount, now);
        }
    }

    private TokenBucket bucket(long hash, long now) {
        int place = (int) hash & (COUNT - 1);
        TokenBucket bucket = buckets.get(place);
        if (bucket != null) {
            return bucket;
        }
        TokenBucket made = new TokenBucket(allowance, now);
        TokenBucket other = buckets.compareAndExchange(place, null, made);
        return other == null ? made : other;
    }
}

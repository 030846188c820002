package org.rpcward.proxy.ban;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Bans by the second in which they end: adding and removing one costs the same however many there are. A bucket is one
 * second of a revolution; what ends in a later revolution stays in its bucket until then. Not thread-safe.
 */
final class ExpiryWheel {
    /** Seconds of a revolution, a power of two: longer than most bans are. */
    private static final int BUCKETS = 4096;

    private final List<@Nullable Set<BanTable.Entry>> buckets = new ArrayList<>(BUCKETS);
    private long nextSecond;

    ExpiryWheel(long nowNanos) {
        for (int i = 0; i < BUCKETS; i++) {
            buckets.add(null);
        }
        nextSecond = secondOf(nowNanos);
    }

    private static long secondOf(long nanos) {
        return Math.floorDiv(nanos, TimeUnit.SECONDS.toNanos(1));
    }

    private static int bucketOf(long second) {
        return (int) second & (BUCKETS - 1);
    }

    private static long endOf(BanTable.Entry entry) {
        return secondOf(entry.endNanos);
    }

    /** @param entry ends later than now */
    void add(BanTable.Entry entry) {
        int bucket = bucketOf(endOf(entry));
        Set<BanTable.Entry> entries = buckets.get(bucket);
        if (entries == null) {
            entries = new LinkedHashSet<>();
            buckets.set(bucket, entries);
        }
        entries.add(entry);
    }

    void remove(BanTable.Entry entry) {
        int bucket = bucketOf(endOf(entry));
        Set<BanTable.Entry> entries = buckets.get(bucket);
        if (entries != null && entries.remove(entry) && entries.isEmpty()) {
            buckets.set(bucket, null);
        }
    }

    /** Takes out all that has ended, and hands it on. */
    void advance(long nowNanos, Consumer<BanTable.Entry> ended) {
        long now = secondOf(nowNanos);
        // After a long sleep one revolution has seen every bucket.
        nextSecond = Math.max(nextSecond, now - BUCKETS + 1);
        while (nextSecond <= now) {
            takeEnded(bucketOf(nextSecond), nowNanos, ended);
            if (nextSecond == now) {
                // The present second is not over: more of its bucket ends in it.
                return;
            }
            nextSecond++;
        }
    }

    private void takeEnded(int bucket, long nowNanos, Consumer<BanTable.Entry> ended) {
        Set<BanTable.Entry> entries = buckets.get(bucket);
        if (entries == null) {
            return;
        }
        List<BanTable.Entry> over =
                entries.stream().filter(e -> e.endNanos - nowNanos <= 0).toList();
        over.forEach(entries::remove);
        if (entries.isEmpty()) {
            buckets.set(bucket, null);
        }
        over.forEach(ended);
    }

    /** The one of these that ends first, or null: of this revolution as a rule, and else of all. */
    BanTable.@Nullable Entry first(Predicate<BanTable.Entry> which) {
        BanTable.Entry first = null;
        for (int i = 0; i < BUCKETS; i++) {
            long second = nextSecond + i;
            Set<BanTable.Entry> entries = buckets.get(bucketOf(second));
            if (entries != null) {
                for (BanTable.Entry entry : entries) {
                    if (which.test(entry) && (first == null || entry.endNanos - first.endNanos < 0)) {
                        first = entry;
                    }
                }
                if (first != null && endOf(first) <= second) {
                    return first;
                }
            }
        }
        return first;
    }
}

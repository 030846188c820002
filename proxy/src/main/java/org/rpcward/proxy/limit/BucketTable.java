package org.rpcward.proxy.limit;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/*
 * Set-associative, as a processor's cache is: an address has its place in one line of eight, which its hash picks. A line
 * is its own lock. Two threads meet on one only when they serve the same source, or by a chance of one in two thousand, and
 * hold it for less than a tenth of a microsecond.
 *
 * What is in a line is never pushed out: a newcomer gets a place that nobody has yet, or one that was not used for a while
 * and whose bucket is full again, so that to forget it loses nothing. Who finds no place is told so. Strangers find places in
 * the last two of a line only, and known sources in all: a million strangers leave known sources at least six.
 */
/** Buckets by address, of a fixed number. Lines are made when they are first needed. Thread-safe. */
final class BucketTable {
    /** How many addresses can have a bucket. */
    static final int CAPACITY = 1 << 14;

    /** How long a place is kept for who does not call. */
    static final Duration KEPT = Duration.ofMinutes(1);

    private static final long KEPT_NANOS = KEPT.toNanos();
    private static final int WAYS = 8;
    private static final int FIRST_WAY_OF_STRANGERS = 6;
    private static final int LINES = CAPACITY / WAYS;

    private final Allowance allowance;
    private final Tally tally;
    private final AtomicReferenceArray<@Nullable Line> lines = new AtomicReferenceArray<>(LINES);

    BucketTable(Allowance allowance, Tally tally) {
        this.allowance = allowance;
        this.tally = tally;
    }

    Line line(long hash) {
        int place = (int) hash & (LINES - 1);
        Line line = lines.get(place);
        if (line != null) {
            return line;
        }
        Line made = new Line();
        Line other = lines.compareAndExchange(place, null, made);
        return other == null ? made : other;
    }

    /** Eight places. Its own lock, which callers hold as long as they use it or a bucket of it. */
    final class Line {
        private final long[] highs = new long[WAYS];
        private final long[] lows = new long[WAYS];
        private final long[] usedAt = new long[WAYS];
        private final @Nullable TokenBucket[] buckets = new TokenBucket[WAYS];

        /** The bucket of an address, or null. */
        @Nullable
        TokenBucket find(long high, long low, long now) {
            for (int way = 0; way < WAYS; way++) {
                TokenBucket bucket = buckets[way];
                if (lows[way] == low && highs[way] == high && bucket != null) {
                    usedAt[way] = now;
                    return bucket;
                }
            }
            return null;
        }

        /** Gives an address that has none a full bucket; null when there is no place for it. */
        @Nullable
        TokenBucket admit(long high, long low, boolean known, long now) {
            for (int way = known ? 0 : FIRST_WAY_OF_STRANGERS; way < WAYS; way++) {
                TokenBucket bucket = buckets[way];
                if (bucket == null) {
                    bucket = new TokenBucket(allowance, now);
                    buckets[way] = bucket;
                    tally.held().increment();
                } else if (now - usedAt[way] >= KEPT_NANOS && bucket.isFull(now)) {
                    tally.replaced().increment();
                } else {
                    continue;
                }
                highs[way] = high;
                lows[way] = low;
                usedAt[way] = now;
                tally.admitted().increment();
                return bucket;
            }
            tally.refused().increment();
            return null;
        }
    }
}

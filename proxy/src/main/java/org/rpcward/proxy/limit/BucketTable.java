package org.rpcward.proxy.limit;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;
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
 *
 * Who has no bucket is to find that out at little cost, because it is what floods are made of. So eight bits of the hash of
 * each address in a line stand together in one word, and those words in one array that stays near the processor.
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

    /** A one in each byte. */
    private static final long EACH_BYTE = 0x0101010101010101L;

    private final Allowance allowance;
    private final Tally tally;
    private final AtomicReferenceArray<@Nullable Line> lines = new AtomicReferenceArray<>(LINES);

    /** For each line a byte for each of its ways, which is zero where there is none. Written under the line's lock. */
    private final AtomicLongArray tags = new AtomicLongArray(LINES);

    BucketTable(Allowance allowance, Tally tally) {
        this.allowance = allowance;
        this.tally = tally;
    }

    /** Whether there may be a bucket for an address. If not, there was none when this was asked. */
    boolean mayHold(long hash) {
        long different = tags.getOpaque(place(hash)) ^ tag(hash) * EACH_BYTE;
        // Whether one of its bytes is zero.
        return ((different - EACH_BYTE) & ~different & EACH_BYTE << (Byte.SIZE - 1)) != 0;
    }

    private static int place(long hash) {
        return (int) hash & (LINES - 1);
    }

    /** Eight bits that do not choose the line, and are never all zero. */
    private static long tag(long hash) {
        return Math.max(1, hash >>> (Long.SIZE - Byte.SIZE));
    }

    Line line(long hash) {
        int place = place(hash);
        Line line = lines.get(place);
        if (line != null) {
            return line;
        }
        Line made = new Line(place);
        Line other = lines.compareAndExchange(place, null, made);
        return other == null ? made : other;
    }

    /** Eight places. Its own lock, which callers hold as long as they use it or a bucket of it. */
    final class Line {
        private final int place;
        private final long[] highs = new long[WAYS];
        private final long[] lows = new long[WAYS];
        private final long[] usedAt = new long[WAYS];
        private final @Nullable TokenBucket[] buckets = new TokenBucket[WAYS];

        private Line(int place) {
            this.place = place;
        }

        /** The bucket of an address, or null. */
        @Nullable
        TokenBucket find(long high, long low, long now) {
            for (int way = 0; way < WAYS; way++) {
                if (lows[way] == low && highs[way] == high && buckets[way] != null) {
                    usedAt[way] = now;
                    return buckets[way];
                }
            }
            return null;
        }

        /** Gives an address that has none, and whose hash this is, a full bucket; null when there is no place for it. */
        @Nullable
        TokenBucket admit(long hash, long high, long low, boolean known, long now) {
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
                note(way, tag(hash));
                return bucket;
            }
            tally.refused().increment();
            return null;
        }

        private void note(int way, long tag) {
            int shift = way * Byte.SIZE;
            tags.setOpaque(place, (tags.getOpaque(place) & ~(0xffL << shift)) | tag << shift);
        }
    }
}

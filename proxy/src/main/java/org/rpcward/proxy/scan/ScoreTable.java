package org.rpcward.proxy.scan;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/*
 * Sources of datagrams are free, so a source gets no object: all stand in one array of a fixed size, in sets of eight, and
 * a newcomer takes the place of the one in its set that has the fewest points. One that is throttled is never displaced: a
 * scanner cannot hide behind a million forged sources. Where a whole set is throttled, newcomers go uncounted, and that is
 * counted.
 *
 *   tag           48 bits of a hash of the address | in which half it was seen last: 8 | its points then, up to 255: 8
 */
/** Finds the place of each source over one transport, and keeps it there. Thread-safe: a lock for each so many sets. */
final class ScoreTable {
    private static final int WAYS = 8;
    private static final int STRIPES = 64;

    private static final int FREE = 0;
    private static final int TAG_HASH_SHIFT = 16;
    private static final int TAG_HALF_SHIFT = 8;
    private static final int TAG_MOST = 0xff;

    /** Until so many halves have begun since, points may still count. */
    private static final int TAG_HALVES = 2;

    private final Transport transport;
    private final boolean bans;
    private final long seed;
    private final int sets;

    /**
     * Of each entry a tag, or {@link #FREE}: the eight of a set stand in one line of the cache, and are all that a newcomer
     * reads of them.
     */
    private final long[] tags;

    private final Scores scores;
    private final Object[] stripes = new Object[STRIPES];
    private final LongAdder replaced = new LongAdder();
    private final LongAdder untracked = new LongAdder();
    private final LongAdder used = new LongAdder();

    /** @param sets of eight sources; a power of two */
    ScoreTable(Transport transport, boolean bans, int sets, long seed) {
        this.transport = transport;
        this.bans = bans;
        this.seed = seed;
        this.sets = sets;
        this.tags = new long[sets * WAYS];
        this.scores = new Scores(sets * WAYS, seed);
        Arrays.setAll(stripes, i -> new Object());
    }

    int capacity() {
        return tags.length;
    }

    long used() {
        return used.sum();
    }

    long replaced() {
        return replaced.sum();
    }

    long untracked() {
        return untracked.sum();
    }

    /** Half a window, in nanoseconds. */
    private static long halfNanos(EnumerationPolicy policy) {
        return Math.max(1, policy.window().toNanos() / 2);
    }

    /** Which half of all since the clock began a time falls in, as a tag has it. */
    private static long half(long now, long length) {
        return Math.floorDiv(now, length) & TAG_MOST;
    }

    private long tag(IpAddress source) {
        long hash = IpAddress.hash(source.high(), source.low(), seed) >>> TAG_HASH_SHIFT << TAG_HASH_SHIFT;
        return hash == FREE ? 1L << TAG_HASH_SHIFT : hash;
    }

    private int set(long tag) {
        return (int) (tag >>> 32) & (sets - 1);
    }

    private Object stripe(int set) {
        return stripes[set & (STRIPES - 1)];
    }

    /**
     * Scores what a call tells, and says how its source stands.
     *
     * @param print a number of a fingerprint, from 0, or -1
     * @param answerable whether the call would have an answer that is worth something to a scanner
     * @param throttled whether the source is throttled already for what it did elsewhere
     */
    int score(
            IpAddress source,
            EnumerationPolicy policy,
            long now,
            Trait trait,
            int number,
            int print,
            boolean answerable,
            boolean throttled) {
        long tag = tag(source);
        int set = set(tag);
        long length = halfNanos(policy);
        long half = half(now, length);
        synchronized (stripe(set)) {
            int entry = find(set, tag, source);
            if (entry < 0) {
                entry = insert(set, now, length, Math.min(TAG_MOST, policy.throttleAt()));
                if (entry < 0) {
                    return throttled && answerable ? Scores.HINDERED : 0;
                }
                scores.begin(entry, source, throttled ? now + Scores.TRICKLE_NANOS : now, now);
            } else if (scores.isForgiven(entry, now)) {
                return 0;
            }
            scores.rotate(entry, now, length);
            boolean newQuestion = scores.note(entry, trait, number);
            boolean newPrint = scores.note(entry, print);
            int points = scores.points(entry);
            tags[entry] = tag | half << TAG_HALF_SHIFT | Math.min(TAG_MOST, points);
            int outcome = scores.outcome(entry, policy, bans, newQuestion || newPrint);
            boolean trickles = throttled || points >= policy.throttleAt();
            return answerable && trickles && !scores.mayPass(entry, now) ? outcome | Scores.HINDERED : outcome;
        }
    }

    /** Whether a source has so many points that it is throttled. Changes nothing that its calls here would meet. */
    boolean throttles(IpAddress source, EnumerationPolicy policy, long now) {
        long tag = tag(source);
        int set = set(tag);
        long length = halfNanos(policy);
        synchronized (stripe(set)) {
            int entry = find(set, tag, source);
            return entry >= 0 && scores.pointsAt(entry, now, length) >= policy.throttleAt();
        }
    }

    private int find(int set, long tag, IpAddress source) {
        int first = set * WAYS;
        for (int way = first; way < first + WAYS; way++) {
            if (tags[way] >>> TAG_HASH_SHIFT == tag >>> TAG_HASH_SHIFT && scores.isOf(way, source)) {
                return way;
            }
        }
        return -1;
    }

    /**
     * A place in a set for who has none, or -1; its tag is still to be written.
     *
     * @param length of half a window, in nanoseconds
     * @param bound points from which on nobody loses his place
     */
    private int insert(int set, long now, long length, int bound) {
        long half = half(now, length);
        int first = set * WAYS;
        int victim = first;
        int fewest = Integer.MAX_VALUE;
        long oldest = 0;
        for (int way = first; way < first + WAYS; way++) {
            long age = half - (tags[way] >>> TAG_HALF_SHIFT) & TAG_MOST;
            int points = tags[way] == FREE ? -1 : age > TAG_HALVES ? 0 : (int) tags[way] & TAG_MOST;
            if (points >= bound && age > 0) {
                // Its time may be over: the entry knows.
                points = Math.min(points, scores.pointsAt(way, now, length));
            }
            if (points < fewest || (points == fewest && age > oldest)) {
                victim = way;
                fewest = points;
                oldest = age;
            }
        }
        if (fewest >= bound) {
            untracked.increment();
            return -1;
        }
        (tags[victim] == FREE ? used : replaced).increment();
        return victim;
    }

    /** What is known of a source; of one that is unknown, nothing. */
    Sighting sighting(IpAddress source) {
        long tag = tag(source);
        int set = set(tag);
        synchronized (stripe(set)) {
            int entry = find(set, tag, source);
            return entry < 0
                    ? new Sighting(source, transport, 0, 0, 0, List.of())
                    : new Sighting(
                            source,
                            transport,
                            scores.points(entry),
                            scores.programs(entry),
                            scores.misses(entry),
                            scores.fingerprints(entry));
        }
    }

    /** Nothing is known any more of the sources of a prefix. */
    void forget(AddressPrefix prefix) {
        for (int set = 0; set < sets; set++) {
            synchronized (stripe(set)) {
                for (int way = set * WAYS; way < (set + 1) * WAYS; way++) {
                    if (tags[way] != FREE && prefix.contains(scores.source(way))) {
                        tags[way] = FREE;
                        used.decrement();
                    }
                }
            }
        }
    }

    /** A source that is known begins anew, and what it asked before counts no more. It keeps its place until another wants it. */
    void forgive(IpAddress source, long now) {
        long tag = tag(source);
        int set = set(tag);
        synchronized (stripe(set)) {
            int entry = find(set, tag, source);
            if (entry >= 0) {
                scores.begin(entry, source, now, now);
                tags[entry] = tag;
            }
        }
    }
}

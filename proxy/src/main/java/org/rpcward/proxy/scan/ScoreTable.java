package org.rpcward.proxy.scan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
 * A window is two halves, and points of the half before still count: points count for half a window at least, and for a
 * whole one at most. What was asked about is a Bloom filter for each half: it may take a new question for an old one,
 * which costs the scanner a point less, and never an old one for a new one.
 *
 *   tag           48 bits of a hash of the address | in which half it was seen last: 8 | its points then, up to 255: 8
 *
 *   word   0  1   address
 *          2  3   this half, the one before: points 16 bits | programs 16 | misses 16
 *          4      when this half began, nanoseconds
 *          5      flags: told of | fingerprints of this half | of the one before
 *          6      when the next call of a throttled source is let pass, nanoseconds
 *          8..15  asked for: this half, the one before
 *         16..23  missed: this half, the one before
 */
/** Points of sources over one transport. Thread-safe. */
final class ScoreTable {
    // What a call led to, as bits.
    static final int HINDERED = 1;
    static final int REACHED_THROTTLE = 2;
    static final int REACHED_BAN = 4;
    static final int OVER_BAN = 8;

    /** A throttled source has one answer in this time. */
    static final long TRICKLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int WAYS = 8;
    private static final int STRIPES = 64;
    private static final int STRIDE = 24;

    private static final int HIGH = 0;
    private static final int LOW = 1;
    private static final int COUNTS = 2;
    private static final int COUNTS_BEFORE = 3;
    private static final int BEGAN = 4;
    private static final int FLAGS = 5;
    private static final int TRICKLE = 6;
    private static final int ASKED = 8;
    private static final int MISSED = 16;
    private static final int FILTER_WORDS = 4;
    private static final int FILTER_BITS = FILTER_WORDS * Long.SIZE;
    private static final int FILTER_HASHES = 3;

    private static final int MOST = 0xffff;
    private static final int PROGRAMS_SHIFT = 16;
    private static final int MISSES_SHIFT = 32;

    private static final int TOLD_THROTTLE = 1;
    private static final int TOLD_BAN = 2;
    private static final int PRINTS_SHIFT = 8;
    private static final int PRINTS_BEFORE_SHIFT = 24;
    private static final int PRINTS_MASK = 0xffff;

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

    private final long[] words;
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
        this.words = new long[sets * WAYS * STRIDE];
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
     */
    int score(
            IpAddress source,
            EnumerationPolicy policy,
            long now,
            Trait trait,
            int number,
            int print,
            boolean answerable) {
        long tag = tag(source);
        int set = set(tag);
        synchronized (stripe(set)) {
            int entry = find(set, tag, source);
            if (entry < 0) {
                entry = insert(set, source, policy, now);
                if (entry < 0) {
                    return 0;
                }
            }
            rotate(entry, now, half(policy));
            boolean newQuestion = note(entry, trait, number);
            boolean newPrint = note(entry, print);
            tags[entry / STRIDE] = tag | half(policy, now) << TAG_HALF_SHIFT | Math.min(TAG_MOST, points(entry));
            return outcome(entry, policy, now, newQuestion || newPrint, answerable);
        }
    }

    /** How a source stands that makes a call which is scored elsewhere. */
    int standing(IpAddress source, EnumerationPolicy policy, long now, boolean answerable) {
        long tag = tag(source);
        int set = set(tag);
        synchronized (stripe(set)) {
            int entry = find(set, tag, source);
            if (entry < 0) {
                return 0;
            }
            rotate(entry, now, half(policy));
            return outcome(entry, policy, now, false, answerable);
        }
    }

    private int find(int set, long tag, IpAddress source) {
        int first = set * WAYS;
        for (int way = first; way < first + WAYS; way++) {
            if (tags[way] >>> TAG_HASH_SHIFT == tag >>> TAG_HASH_SHIFT) {
                int entry = way * STRIDE;
                if (words[entry + LOW] == source.low() && words[entry + HIGH] == source.high()) {
                    return entry;
                }
            }
        }
        return -1;
    }

    /** A place in a set, or -1; its tag is still to be written. */
    private int insert(int set, IpAddress source, EnumerationPolicy policy, long now) {
        int first = set * WAYS;
        int victim = first;
        int fewest = Integer.MAX_VALUE;
        long oldest = 0;
        int throttled = Math.min(TAG_MOST, policy.throttleAt());
        for (int way = first; way < first + WAYS; way++) {
            long age = half(policy, now) - (tags[way] >>> TAG_HALF_SHIFT) & TAG_MOST;
            int points = tags[way] == FREE ? -1 : age > TAG_HALVES ? 0 : (int) tags[way] & TAG_MOST;
            if (points >= throttled && age > 0) {
                // Its time may be over: the entry knows.
                points = Math.min(points, pointsAt(way * STRIDE, now, half(policy)));
            }
            if (points < fewest || (points == fewest && age > oldest)) {
                victim = way;
                fewest = points;
                oldest = age;
            }
        }
        if (fewest >= throttled) {
            untracked.increment();
            return -1;
        }
        (tags[victim] == FREE ? used : replaced).increment();
        int entry = victim * STRIDE;
        Arrays.fill(words, entry, entry + STRIDE, 0);
        words[entry + HIGH] = source.high();
        words[entry + LOW] = source.low();
        words[entry + BEGAN] = now;
        words[entry + TRICKLE] = now;
        return entry;
    }

    /** Which half of a window this is, of all since the clock began, as a tag has it. */
    private static long half(EnumerationPolicy policy, long now) {
        return Math.floorDiv(now, half(policy)) & TAG_MOST;
    }

    private static long half(EnumerationPolicy policy) {
        return Math.max(1, policy.window().toNanos() / 2);
    }

    /** Lets time pass over an entry. */
    private void rotate(int entry, long now, long half) {
        long age = now - words[entry + BEGAN];
        if (age < half) {
            return;
        }
        if (age >= 2 * half) {
            Arrays.fill(words, entry + COUNTS, entry + BEGAN, 0);
            Arrays.fill(words, entry + ASKED, entry + STRIDE, 0);
            words[entry + FLAGS] = 0;
            words[entry + BEGAN] = now;
            return;
        }
        words[entry + COUNTS_BEFORE] = words[entry + COUNTS];
        words[entry + COUNTS] = 0;
        shift(entry + ASKED);
        shift(entry + MISSED);
        long flags = words[entry + FLAGS];
        long prints = (flags >>> PRINTS_SHIFT) & PRINTS_MASK;
        long told = words[entry + COUNTS_BEFORE] == 0 ? 0 : flags & (TOLD_THROTTLE | TOLD_BAN);
        words[entry + FLAGS] = told | (prints << PRINTS_BEFORE_SHIFT);
        words[entry + BEGAN] += half;
    }

    private void shift(int filter) {
        System.arraycopy(words, filter, words, filter + FILTER_WORDS, FILTER_WORDS);
        Arrays.fill(words, filter, filter + FILTER_WORDS, 0);
    }

    private int pointsAt(int entry, long now, long half) {
        long age = now - words[entry + BEGAN];
        if (age >= 2 * half) {
            return 0;
        }
        return age >= half ? (int) words[entry + COUNTS] & MOST : points(entry);
    }

    private int points(int entry) {
        return sum(entry, 0);
    }

    private int sum(int entry, int shift) {
        return (int) ((words[entry + COUNTS] >>> shift) & MOST)
                + (int) ((words[entry + COUNTS_BEFORE] >>> shift) & MOST);
    }

    /** Whether what was asked about is new. */
    private boolean note(int entry, Trait trait, int number) {
        boolean missed = trait == Trait.MISSED;
        if (!addTo(entry + (missed ? MISSED : ASKED), key(trait, number))) {
            return false;
        }
        add(entry, 0, trait.points());
        if (missed) {
            add(entry, MISSES_SHIFT, 1);
        } else if (trait == Trait.ASKED || trait == Trait.FOREIGN_PROGRAM) {
            add(entry, PROGRAMS_SHIFT, 1);
        }
        return true;
    }

    /** Whether the source is known by a fingerprint, and was not before. */
    private boolean note(int entry, int print) {
        if (print < 0) {
            return false;
        }
        long flags = words[entry + FLAGS];
        long bit = 1L << print;
        boolean before = (((flags >>> PRINTS_BEFORE_SHIFT) | (flags >>> PRINTS_SHIFT)) & bit) != 0;
        words[entry + FLAGS] = flags | (bit << PRINTS_SHIFT);
        if (!before) {
            add(entry, 0, Fingerprint.POINTS);
        }
        return !before;
    }

    private void add(int entry, int shift, int count) {
        long counts = words[entry + COUNTS];
        long sum = Math.min(MOST, ((counts >>> shift) & MOST) + count);
        words[entry + COUNTS] = (counts & ~((long) MOST << shift)) | (sum << shift);
    }

    @SuppressWarnings("EnumOrdinal") // never stored
    private long key(Trait trait, int number) {
        return IpAddress.hash(trait.ordinal(), number, ~seed);
    }

    /** Whether the key was in neither half. It is in this one afterwards. */
    private boolean addTo(int filter, long key) {
        boolean inThis = true;
        boolean inBefore = true;
        long bits = key;
        for (int i = 0; i < FILTER_HASHES; i++) {
            int bit = (int) bits & (FILTER_BITS - 1);
            int word = filter + (bit >>> 6);
            inThis &= ((words[word] >>> bit) & 1) != 0;
            inBefore &= ((words[word + FILTER_WORDS] >>> bit) & 1) != 0;
            words[word] |= 1L << bit;
            bits >>>= Byte.SIZE;
        }
        return !inThis && !inBefore;
    }

    private int outcome(int entry, EnumerationPolicy policy, long now, boolean scored, boolean answerable) {
        int points = points(entry);
        if (points < policy.throttleAt()) {
            return 0;
        }
        int outcome = 0;
        if ((words[entry + FLAGS] & TOLD_THROTTLE) == 0) {
            words[entry + FLAGS] |= TOLD_THROTTLE;
            outcome |= REACHED_THROTTLE;
        }
        if (bans && scored && points >= policy.banAt()) {
            outcome |= OVER_BAN;
            if ((words[entry + FLAGS] & TOLD_BAN) == 0) {
                words[entry + FLAGS] |= TOLD_BAN;
                outcome |= REACHED_BAN;
            }
        }
        if (answerable) {
            if (now - words[entry + TRICKLE] < 0) {
                outcome |= HINDERED;
            } else {
                words[entry + TRICKLE] = now + TRICKLE_NANOS;
            }
        }
        return outcome;
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
                            points(entry),
                            sum(entry, PROGRAMS_SHIFT),
                            sum(entry, MISSES_SHIFT),
                            fingerprints(entry));
        }
    }

    private List<Fingerprint> fingerprints(int entry) {
        List<Fingerprint> found = new ArrayList<>();
        long flags = words[entry + FLAGS];
        long prints = (flags >>> PRINTS_SHIFT) | (flags >>> PRINTS_BEFORE_SHIFT);
        for (Fingerprint print : Fingerprint.values()) {
            if (((prints >>> Scans.number(print)) & 1) != 0) {
                found.add(print);
            }
        }
        return found;
    }

    /** Nothing is known any more of the sources of a prefix. */
    void forget(AddressPrefix prefix) {
        for (int set = 0; set < sets; set++) {
            synchronized (stripe(set)) {
                for (int way = set * WAYS; way < (set + 1) * WAYS; way++) {
                    int entry = way * STRIDE;
                    if (tags[way] != FREE && prefix.contains(new IpAddress(words[entry + HIGH], words[entry + LOW]))) {
                        tags[way] = FREE;
                        used.decrement();
                    }
                }
            }
        }
    }

    /** Nothing is known any more of a source. */
    void forget(IpAddress source) {
        long tag = tag(source);
        int set = set(tag);
        synchronized (stripe(set)) {
            int entry = find(set, tag, source);
            if (entry >= 0) {
                tags[entry / STRIDE] = FREE;
                used.decrement();
            }
        }
    }
}

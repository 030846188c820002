package org.rpcward.proxy.scan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.net.IpAddress;

/*
 * A window is two halves, and points of the half before still count: points count for half a window at least, and for a
 * whole one at most. What was asked about is a Bloom filter for each half: it may take a new question for an old one,
 * which costs the scanner a point less, and never an old one for a new one. As long as a source has asked one thing only, as
 * most do, and each forged one of a million, that is noted in one word, and the filters are not so much as cleared.
 *
 *   words    0  1   address
 *            2  3   this half, the one before: points 16 bits | programs 16 | misses 16
 *            4      when this half began, nanoseconds
 *            5      flags: told of, filters in use | fingerprints of this half | of the one before
 *            6      when the next call of a throttled source is let pass, nanoseconds
 *            7      the one thing that was asked about, while no filters are in use; 0 for nothing
 *
 *   filters  0..7   asked for: this half, the one before
 *            8..15  missed: this half, the one before
 *
 * The filters stand apart, so that a flood from forged sources passes through a third of the memory only.
 */
/** What is noted of sources, so many words for each. The caller holds the lock of the entry. */
final class Scores {
    // What a call led to, as bits.
    static final int HINDERED = 1;
    static final int REACHED_THROTTLE = 2;
    static final int REACHED_BAN = 4;
    static final int OVER_BAN = 8;

    /** A throttled source has one answer in this time. */
    static final long TRICKLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int WORDS = 8;
    private static final int FILTERS = 16;

    private static final int HIGH = 0;
    private static final int LOW = 1;
    private static final int COUNTS = 2;
    private static final int COUNTS_BEFORE = 3;
    private static final int BEGAN = 4;
    private static final int FLAGS = 5;
    private static final int TRICKLE = 6;
    private static final int ONLY = 7;
    private static final int ASKED = 0;
    private static final int MISSED = 8;
    private static final int FILTER_WORDS = 4;
    private static final int FILTER_BITS = FILTER_WORDS * Long.SIZE;
    private static final int FILTER_HASHES = 3;

    private static final int KEY_MISSED = 1;
    private static final int KEY = 2;

    private static final int MOST = 0xffff;
    private static final int PROGRAMS_SHIFT = 16;
    private static final int MISSES_SHIFT = 32;

    private static final int TOLD_THROTTLE = 1;
    private static final int TOLD_BAN = 2;
    private static final int FILTERED = 4;
    private static final int PRINTS_SHIFT = 8;
    private static final int PRINTS_BEFORE_SHIFT = 24;
    private static final int PRINTS_MASK = 0xffff;

    private final long seed;
    private final long[] words;
    private final long[] filters;

    /** @param entries how many sources can be noted */
    Scores(int entries, long seed) {
        this.seed = seed;
        this.words = new long[entries * WORDS];
        this.filters = new long[entries * FILTERS];
    }

    /**
     * A source begins here, at no points.
     *
     * @param passes when the first call of it is let pass, should it be throttled
     */
    void begin(int entry, IpAddress source, long passes, long now) {
        int at = entry * WORDS;
        Arrays.fill(words, at, at + WORDS, 0);
        words[at + HIGH] = source.high();
        words[at + LOW] = source.low();
        words[at + BEGAN] = now;
        words[at + TRICKLE] = passes;
    }

    boolean isOf(int entry, IpAddress source) {
        int at = entry * WORDS;
        return words[at + LOW] == source.low() && words[at + HIGH] == source.high();
    }

    IpAddress source(int entry) {
        int at = entry * WORDS;
        return new IpAddress(words[at + HIGH], words[at + LOW]);
    }

    /** Lets time pass over an entry. */
    void rotate(int entry, long now, long half) {
        int at = entry * WORDS;
        long age = now - words[at + BEGAN];
        if (age < half) {
            return;
        }
        if (age >= 2 * half) {
            Arrays.fill(words, at + COUNTS, at + BEGAN, 0);
            words[at + FLAGS] = 0;
            words[at + ONLY] = 0;
            words[at + BEGAN] = now;
            return;
        }
        useFilters(at);
        words[at + COUNTS_BEFORE] = words[at + COUNTS];
        words[at + COUNTS] = 0;
        shift(filters(at) + ASKED);
        shift(filters(at) + MISSED);
        long flags = words[at + FLAGS];
        long prints = (flags >>> PRINTS_SHIFT) & PRINTS_MASK;
        long told = words[at + COUNTS_BEFORE] == 0 ? 0 : flags & (TOLD_THROTTLE | TOLD_BAN);
        words[at + FLAGS] = told | FILTERED | (prints << PRINTS_BEFORE_SHIFT);
        words[at + BEGAN] += half;
    }

    private void shift(int filter) {
        System.arraycopy(filters, filter, filters, filter + FILTER_WORDS, FILTER_WORDS);
        Arrays.fill(filters, filter, filter + FILTER_WORDS, 0);
    }

    /** The points at a later time. */
    int pointsAt(int entry, long now, long half) {
        int at = entry * WORDS;
        long age = now - words[at + BEGAN];
        if (age >= 2 * half) {
            return 0;
        }
        return age >= half ? (int) words[at + COUNTS] & MOST : sum(at, 0);
    }

    int points(int entry) {
        return sum(entry * WORDS, 0);
    }

    int programs(int entry) {
        return sum(entry * WORDS, PROGRAMS_SHIFT);
    }

    int misses(int entry) {
        return sum(entry * WORDS, MISSES_SHIFT);
    }

    private int sum(int at, int shift) {
        return (int) ((words[at + COUNTS] >>> shift) & MOST) + (int) ((words[at + COUNTS_BEFORE] >>> shift) & MOST);
    }

    /** Whether what was asked about is new. */
    boolean note(int entry, Trait trait, int number) {
        int at = entry * WORDS;
        boolean missed = trait == Trait.MISSED;
        if (!addTo(at, key(trait, number))) {
            return false;
        }
        add(at, 0, trait.points());
        if (missed) {
            add(at, MISSES_SHIFT, 1);
        } else if (trait == Trait.ASKED || trait == Trait.FOREIGN_PROGRAM) {
            add(at, PROGRAMS_SHIFT, 1);
        }
        return true;
    }

    /**
     * Whether the source is known by a fingerprint, and was not before.
     *
     * @param print a number of a fingerprint, from 0, or -1 for none
     */
    boolean note(int entry, int print) {
        int at = entry * WORDS;
        if (print < 0) {
            return false;
        }
        long flags = words[at + FLAGS];
        long bit = 1L << print;
        boolean before = (((flags >>> PRINTS_BEFORE_SHIFT) | (flags >>> PRINTS_SHIFT)) & bit) != 0;
        words[at + FLAGS] = flags | (bit << PRINTS_SHIFT);
        if (!before) {
            add(at, 0, Fingerprint.POINTS);
        }
        return !before;
    }

    private void add(int at, int shift, int count) {
        long counts = words[at + COUNTS];
        long sum = Math.min(MOST, ((counts >>> shift) & MOST) + count);
        words[at + COUNTS] = (counts & ~((long) MOST << shift)) | (sum << shift);
    }

    /** What was asked about, never 0. The lowest bit tells which filter it belongs to. */
    @SuppressWarnings("EnumOrdinal") // of this process only
    private long key(Trait trait, int number) {
        long hash = IpAddress.hash(trait.ordinal(), number, ~seed) << 2;
        return hash | KEY | (trait == Trait.MISSED ? KEY_MISSED : 0);
    }

    /** Whether the key was in neither half. It is in this one afterwards. */
    private boolean addTo(int at, long key) {
        if ((words[at + FLAGS] & FILTERED) == 0) {
            if (words[at + ONLY] == 0) {
                words[at + ONLY] = key;
                return true;
            }
            if (words[at + ONLY] == key) {
                return false;
            }
            useFilters(at);
        }
        return addToFilter(at, key);
    }

    /** Where the filters of an entry begin, of which this is the place in the other array. */
    private static int filters(int at) {
        return at / WORDS * FILTERS;
    }

    private void useFilters(int at) {
        if ((words[at + FLAGS] & FILTERED) != 0) {
            return;
        }
        words[at + FLAGS] |= FILTERED;
        Arrays.fill(filters, filters(at), filters(at) + FILTERS, 0);
        if (words[at + ONLY] != 0) {
            addToFilter(at, words[at + ONLY]);
        }
    }

    private boolean addToFilter(int at, long key) {
        int filter = filters(at) + ((key & KEY_MISSED) != 0 ? MISSED : ASKED);
        boolean inThis = true;
        boolean inBefore = true;
        long bits = key >>> 2;
        for (int i = 0; i < FILTER_HASHES; i++) {
            int bit = (int) bits & (FILTER_BITS - 1);
            int word = filter + (bit >>> 6);
            inThis &= ((filters[word] >>> bit) & 1) != 0;
            inBefore &= ((filters[word + FILTER_WORDS] >>> bit) & 1) != 0;
            filters[word] |= 1L << bit;
            bits >>>= Byte.SIZE;
        }
        return !inThis && !inBefore;
    }

    /**
     * What a call leads to, as bits.
     *
     * @param bans whether the evidence is good enough for a ban
     * @param scored whether the call brought points
     */
    int outcome(int entry, EnumerationPolicy policy, boolean bans, boolean scored) {
        int at = entry * WORDS;
        int points = sum(at, 0);
        if (points < policy.throttleAt()) {
            return 0;
        }
        int outcome = 0;
        if ((words[at + FLAGS] & TOLD_THROTTLE) == 0) {
            words[at + FLAGS] |= TOLD_THROTTLE;
            outcome |= REACHED_THROTTLE;
        }
        if (bans && scored && points >= policy.banAt()) {
            outcome |= OVER_BAN;
            if ((words[at + FLAGS] & TOLD_BAN) == 0) {
                words[at + FLAGS] |= TOLD_BAN;
                outcome |= REACHED_BAN;
            }
        }
        return outcome;
    }

    /** Whether this is the one call in a while that a throttled source has. */
    boolean mayPass(int entry, long now) {
        int at = entry * WORDS;
        if (now - words[at + TRICKLE] < 0) {
            return false;
        }
        words[at + TRICKLE] = now + TRICKLE_NANOS;
        return true;
    }

    List<Fingerprint> fingerprints(int entry) {
        int at = entry * WORDS;
        List<Fingerprint> found = new ArrayList<>();
        long flags = words[at + FLAGS];
        long prints = (flags >>> PRINTS_SHIFT) | (flags >>> PRINTS_BEFORE_SHIFT);
        for (Fingerprint print : Fingerprint.values()) {
            if (((prints >>> Scans.number(print)) & 1) != 0) {
                found.add(print);
            }
        }
        return found;
    }
}

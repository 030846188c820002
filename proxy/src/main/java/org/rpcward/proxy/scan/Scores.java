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
 * which costs the scanner a point less, and never an old one for a new one.
 *
 * Most sources ask about one thing only, and each forged one of a million does: that stands in one word, and the rest of
 * the entry is opened for who asks about another. So a flood passes through a sixth of the memory.
 *
 *   heads   0  1    address
 *           2       when this half began, nanoseconds
 *           3       the one thing: its hash 56 bits | points 5 | asked, missed, is a program; 0 for nothing yet, OPEN
 *
 *   rest    0  1    this half, the one before: points 16 bits | programs 16 | misses 16
 *           2       flags: told of | fingerprints of this half | of the one before
 *           3       when the next call of a throttled source is let pass, nanoseconds
 *           4..11   asked for: this half, the one before
 *          12..19   missed: this half, the one before
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

    private static final int HEAD = 4;
    private static final int HIGH = 0;
    private static final int LOW = 1;
    private static final int BEGAN = 2;
    private static final int FIRST = 3;

    /** In place of the one thing: there is more, in the rest of the entry. */
    private static final long OPEN = -1;

    private static final int REST = 20;
    private static final int COUNTS = 0;
    private static final int COUNTS_BEFORE = 1;
    private static final int FLAGS = 2;
    private static final int TRICKLE = 3;
    private static final int ASKED = 4;
    private static final int MISSED = 12;
    private static final int FILTER_WORDS = 4;
    private static final int FILTER_BITS = FILTER_WORDS * Long.SIZE;
    private static final int FILTER_HASHES = 3;

    private static final long FIRST_HASH = -1L << 8;
    private static final int FIRST_POINTS_SHIFT = 3;
    private static final int FIRST_POINTS = 0xf8;
    private static final int FIRST_ASKED = 1;
    private static final int FIRST_MISSED = 2;
    private static final int FIRST_PROGRAM = 4;

    private static final int MOST = 0xffff;
    private static final int PROGRAMS_SHIFT = 16;
    private static final int MISSES_SHIFT = 32;

    private static final int TOLD_THROTTLE = 1;
    private static final int TOLD_BAN = 2;
    private static final int PRINTS_SHIFT = 8;
    private static final int PRINTS_BEFORE_SHIFT = 24;
    private static final int PRINTS_MASK = 0xffff;

    private final long seed;
    private final long[] heads;
    private final long[] rest;

    /** @param entries how many sources can be noted */
    Scores(int entries, long seed) {
        this.seed = seed;
        this.heads = new long[entries * HEAD];
        this.rest = new long[entries * REST];
    }

    /**
     * A source begins here, at no points.
     *
     * @param passes when the first call of it is let pass, should it be throttled
     */
    void begin(int entry, IpAddress source, long passes, long now) {
        int head = entry * HEAD;
        heads[head + HIGH] = source.high();
        heads[head + LOW] = source.low();
        heads[head + BEGAN] = now;
        heads[head + FIRST] = 0;
        if (passes != now) {
            rest[open(entry) + TRICKLE] = passes;
        }
    }

    /** Whether a call came before its source was forgiven, of which nothing was noted since: it is forgiven with it. */
    boolean isForgiven(int entry, long now) {
        int head = entry * HEAD;
        return heads[head + FIRST] == 0 && now - heads[head + BEGAN] < 0;
    }

    boolean isOf(int entry, IpAddress source) {
        int head = entry * HEAD;
        return heads[head + LOW] == source.low() && heads[head + HIGH] == source.high();
    }

    IpAddress source(int entry) {
        int head = entry * HEAD;
        return new IpAddress(heads[head + HIGH], heads[head + LOW]);
    }

    private boolean isOpen(int entry) {
        return heads[entry * HEAD + FIRST] == OPEN;
    }

    /** From now on there may be more than one thing. Returns where the rest begins. */
    private int open(int entry) {
        int head = entry * HEAD;
        int at = entry * REST;
        long first = heads[head + FIRST];
        if (first == OPEN) {
            return at;
        }
        heads[head + FIRST] = OPEN;
        Arrays.fill(rest, at, at + REST, 0);
        rest[at + TRICKLE] = heads[head + BEGAN];
        rest[at + COUNTS] = pointsOf(first)
                | ((first & FIRST_PROGRAM) != 0 ? 1L << PROGRAMS_SHIFT : 0)
                | ((first & FIRST_MISSED) != 0 ? 1L << MISSES_SHIFT : 0);
        if ((first & FIRST_ASKED) != 0) {
            addToFilter(at + ASKED, first);
        }
        if ((first & FIRST_MISSED) != 0) {
            addToFilter(at + MISSED, first);
        }
        return at;
    }

    private static int pointsOf(long first) {
        return (int) (first & FIRST_POINTS) >>> FIRST_POINTS_SHIFT;
    }

    /** Lets time pass over an entry. */
    void rotate(int entry, long now, long half) {
        int head = entry * HEAD;
        long age = now - heads[head + BEGAN];
        if (age < half) {
            return;
        }
        if (age >= 2 * half) {
            heads[head + BEGAN] = now;
            heads[head + FIRST] = 0;
            return;
        }
        int at = open(entry);
        rest[at + COUNTS_BEFORE] = rest[at + COUNTS];
        rest[at + COUNTS] = 0;
        shift(at + ASKED);
        shift(at + MISSED);
        long flags = rest[at + FLAGS];
        long prints = (flags >>> PRINTS_SHIFT) & PRINTS_MASK;
        long told = rest[at + COUNTS_BEFORE] == 0 ? 0 : flags & (TOLD_THROTTLE | TOLD_BAN);
        rest[at + FLAGS] = told | (prints << PRINTS_BEFORE_SHIFT);
        heads[head + BEGAN] += half;
    }

    private void shift(int filter) {
        System.arraycopy(rest, filter, rest, filter + FILTER_WORDS, FILTER_WORDS);
        Arrays.fill(rest, filter, filter + FILTER_WORDS, 0);
    }

    /** The points at a later time. */
    int pointsAt(int entry, long now, long half) {
        long age = now - heads[entry * HEAD + BEGAN];
        if (age >= 2 * half) {
            return 0;
        }
        return age >= half && isOpen(entry) ? (int) rest[entry * REST + COUNTS] & MOST : points(entry);
    }

    int points(int entry) {
        return isOpen(entry) ? sum(entry, 0) : pointsOf(heads[entry * HEAD + FIRST]);
    }

    int programs(int entry) {
        return isOpen(entry) ? sum(entry, PROGRAMS_SHIFT) : (heads[entry * HEAD + FIRST] & FIRST_PROGRAM) != 0 ? 1 : 0;
    }

    int misses(int entry) {
        return isOpen(entry) ? sum(entry, MISSES_SHIFT) : (heads[entry * HEAD + FIRST] & FIRST_MISSED) != 0 ? 1 : 0;
    }

    /** Of an open entry. */
    private int sum(int entry, int shift) {
        int at = entry * REST;
        return (int) ((rest[at + COUNTS] >>> shift) & MOST) + (int) ((rest[at + COUNTS_BEFORE] >>> shift) & MOST);
    }

    /** Whether what was asked about is new. */
    boolean note(int entry, Trait trait, int number) {
        if (trait != Trait.ASKED_IN_VAIN) {
            return note(entry, trait, about(trait, number));
        }
        long about = about(Trait.ASKED, number);
        boolean asked = note(entry, Trait.ASKED, about);
        boolean missed = note(entry, Trait.MISSED, about);
        return asked || missed;
    }

    private boolean note(int entry, Trait trait, long about) {
        boolean missed = trait == Trait.MISSED;
        boolean program = trait == Trait.ASKED || trait == Trait.FOREIGN_PROGRAM;
        int head = entry * HEAD;
        long first = heads[head + FIRST];
        if (first == 0 || (first != OPEN && (first & FIRST_HASH) == about)) {
            int fact = missed ? FIRST_MISSED : FIRST_ASKED;
            if ((first & fact) != 0) {
                return false;
            }
            int points = pointsOf(first) + trait.points();
            heads[head + FIRST] = about
                    | (long) points << FIRST_POINTS_SHIFT
                    | (first & (FIRST_ASKED | FIRST_MISSED | FIRST_PROGRAM))
                    | fact
                    | (program ? FIRST_PROGRAM : 0);
            return true;
        }
        int at = open(entry);
        if (!addToFilter(at + (missed ? MISSED : ASKED), about)) {
            return false;
        }
        add(at, 0, trait.points());
        if (missed) {
            add(at, MISSES_SHIFT, 1);
        } else if (program) {
            add(at, PROGRAMS_SHIFT, 1);
        }
        return true;
    }

    /** What was asked about, as a hash. What is missed was asked for. */
    @SuppressWarnings("EnumOrdinal") // of this process only
    private long about(Trait trait, int number) {
        Trait kind = trait == Trait.MISSED ? Trait.ASKED : trait;
        return IpAddress.hash(kind.ordinal(), number, ~seed) & FIRST_HASH;
    }

    /**
     * Whether the source is known by a fingerprint, and was not before.
     *
     * @param print a number of a fingerprint, from 0, or -1 for none
     */
    boolean note(int entry, int print) {
        if (print < 0) {
            return false;
        }
        int at = open(entry);
        long flags = rest[at + FLAGS];
        long bit = 1L << print;
        boolean before = (((flags >>> PRINTS_BEFORE_SHIFT) | (flags >>> PRINTS_SHIFT)) & bit) != 0;
        rest[at + FLAGS] = flags | (bit << PRINTS_SHIFT);
        if (!before) {
            add(at, 0, Fingerprint.POINTS);
        }
        return !before;
    }

    private void add(int at, int shift, int count) {
        long counts = rest[at + COUNTS];
        long sum = Math.min(MOST, ((counts >>> shift) & MOST) + count);
        rest[at + COUNTS] = (counts & ~((long) MOST << shift)) | (sum << shift);
    }

    /** Whether what was asked about was in neither half. It is in this one afterwards. */
    private boolean addToFilter(int filter, long about) {
        boolean inThis = true;
        boolean inBefore = true;
        long bits = about >>> Byte.SIZE;
        for (int i = 0; i < FILTER_HASHES; i++) {
            int bit = (int) bits & (FILTER_BITS - 1);
            int word = filter + (bit >>> 6);
            inThis &= ((rest[word] >>> bit) & 1) != 0;
            inBefore &= ((rest[word + FILTER_WORDS] >>> bit) & 1) != 0;
            rest[word] |= 1L << bit;
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
        int points = points(entry);
        if (points < policy.throttleAt()) {
            return 0;
        }
        int at = open(entry);
        int outcome = 0;
        if ((rest[at + FLAGS] & TOLD_THROTTLE) == 0) {
            rest[at + FLAGS] |= TOLD_THROTTLE;
            outcome |= REACHED_THROTTLE;
        }
        if (bans && scored && points >= policy.banAt()) {
            outcome |= OVER_BAN;
            if ((rest[at + FLAGS] & TOLD_BAN) == 0) {
                rest[at + FLAGS] |= TOLD_BAN;
                outcome |= REACHED_BAN;
            }
        }
        return outcome;
    }

    /** Whether this is the one call in a while that a throttled source has. */
    boolean mayPass(int entry, long now) {
        int at = open(entry);
        if (now - rest[at + TRICKLE] < 0) {
            return false;
        }
        rest[at + TRICKLE] = now + TRICKLE_NANOS;
        return true;
    }

    List<Fingerprint> fingerprints(int entry) {
        if (!isOpen(entry)) {
            return List.of();
        }
        List<Fingerprint> found = new ArrayList<>();
        long flags = rest[entry * REST + FLAGS];
        long prints = (flags >>> PRINTS_SHIFT) | (flags >>> PRINTS_BEFORE_SHIFT);
        for (Fingerprint print : Fingerprint.values()) {
            if (((prints >>> Scans.number(print)) & 1) != 0) {
                found.add(print);
            }
        }
        return found;
    }
}

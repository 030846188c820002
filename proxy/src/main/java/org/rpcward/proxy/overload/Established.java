package org.rpcward.proxy.overload;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;

/*
 * A table of numbers: a flood brings a new source with each datagram, and an object for each would be just what it
 * wants. A source is found in one of four places that its hash picks, by 24 more bits of the hash; the hash is seeded,
 * so that nobody can choose who shares a place with whom.
 *
 *   63        40 39       32 31            16 15         0
 *   | mark: 24 | score: 8  | calls: 16      | tick: 16   |
 *
 * `tick` is when the source was last seen, in tenths of a second, and `calls` how many calls it made in that second.
 * Ticks start over after 109 minutes, so that a source which comes back after just that time seems to have asked a
 * moment ago. `score` is how many of its calls were answered, halved for each ten seconds of silence. An established
 * source keeps its place; the others give way to each other.
 *
 * Event loops write without a lock. A write that gets lost is a call that was not counted.
 *
 * What can be done in a second is divided among the sources that ask: one that asks alone takes nothing from anybody.
 */
/** Which sources have had answers, and how much each asks. Fixed size. Thread-safe. */
final class Established {
    /** Answers that make a newcomer established. */
    static final int ENOUGH = 4;

    /** Calls of one source that are accepted in one second, however many others ask. */
    static final int FAIR_SHARE = 2000;

    /** Calls of all established sources together that can certainly be answered in a second. */
    static final int TOGETHER = 60_000;

    static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final int WAYS = 4;
    private static final int MOST = 255;
    private static final int HALVED_AFTER = 100;
    private static final int TICKS = 0x1_0000;
    private static final int TICKS_OF_SECOND = 10;

    private static final int MOST_CALLS = 0xffff;

    /** A source that asked within the last half minute counts as still asking. */
    private static final int LATELY_TICKS = 300;

    /** Ticks by which one event loop may be ahead of another, with a wide margin: younger than now is not very old. */
    private static final int AHEAD_TICKS = 100;

    private final AtomicLongArray places;

    /** Who became established in each place last, or came back to it. */
    private final AtomicReferenceArray<@Nullable Owner> owners;

    private final int sets;

    /** The second, how many asked in it so far, and how many in the one before. Also written without a lock. */
    private volatile int second;

    private volatile int asking;
    private volatile int askedBefore;

    /** What a source is when it asks. */
    enum Standing {
        NEWCOMER,
        ESTABLISHED,
        /** Established, and asks more than its share. */
        GREEDY
    }

    /** Who is established in a place, and since when, in nanoseconds. */
    private record Owner(IpAddress source, long since) {}

    /** @param size how many sources have a place: a power of two, from 4 on */
    Established(int size) {
        places = new AtomicLongArray(size);
        owners = new AtomicReferenceArray<>(size);
        sets = size / WAYS;
    }

    /** A call of this source comes, and is counted if the source is established. */
    Standing arrives(long hash, long nanos) {
        int place = find(hash);
        if (place < 0) {
            return Standing.NEWCOMER;
        }
        int tick = tick(nanos);
        long entry = places.getPlain(place);
        int score = scoreAt(entry, tick);
        if (score < ENOUGH) {
            return Standing.NEWCOMER;
        }
        boolean first = !isSameSecond(tickOf(entry), tick);
        int calls = first ? 0 : callsOf(entry);
        if (calls >= share(tick, first)) {
            return Standing.GREEDY;
        }
        places.setPlain(place, entry(hash, score, Math.min(MOST_CALLS, calls + 1), tick));
        return Standing.ESTABLISHED;
    }

    /** How many calls each established source has in this second. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // one that is missed changes a share by next to nothing
    private int share(int tick, boolean another) {
        int now = tick / TICKS_OF_SECOND;
        if (now != second) {
            askedBefore = asking;
            asking = 0;
            second = now;
        }
        if (another) {
            asking++;
        }
        int sources = Math.max(asking, askedBefore);
        return sources <= 1 ? Integer.MAX_VALUE : Math.max(FAIR_SHARE, TOGETHER / sources);
    }

    /** Whether a source is established, without counting anything. */
    boolean knows(long hash, long nanos) {
        int place = find(hash);
        return place >= 0 && scoreAt(places.getPlain(place), tick(nanos)) >= ENOUGH;
    }

    /** A call of this source, whose hash this is, was answered. */
    void answered(IpAddress source, long hash, long nanos) {
        int tick = tick(nanos);
        int place = find(hash);
        if (place < 0) {
            place = leastWorth(hash, tick);
            if (place >= 0) {
                places.setPlain(place, entry(hash, 1, 0, tick));
            }
            return;
        }
        long entry = places.getPlain(place);
        int score = Math.min(MOST, scoreAt(entry, tick) + 1);
        boolean away = age(entry, tick) > LATELY_TICKS;
        if (score == ENOUGH || away) {
            own(place, source, away, nanos);
        }
        places.setPlain(place, entry(hash, score, isSameSecond(tickOf(entry), tick) ? callsOf(entry) : 0, tick));
    }

    /** A source that asks seldom is established anew now and then; it has been here all along, unless it was away. */
    private void own(int place, IpAddress source, boolean away, long nanos) {
        Owner owner = owners.getPlain(place);
        if (away || owner == null || !owner.source().equals(source)) {
            owners.setPlain(place, new Owner(source, nanos));
        }
    }

    /**
     * Established sources of one family that asked lately, as many as there is room for: those that have been here
     * longest, in that order, so that a new one never displaces an old one.
     *
     * @param since only who was established by then, in nanoseconds
     */
    List<IpAddress> regulars(boolean v4, int most, long nanos, long since) {
        int tick = tick(nanos);
        List<Owner> here = new ArrayList<>();
        for (int i = 0; i < places.length(); i++) {
            long entry = places.getPlain(i);
            Owner owner = owners.getPlain(i);
            if (owner != null
                    && owner.source().isV4() == v4
                    && owner.since() - since <= 0
                    && scoreAt(entry, tick) >= ENOUGH
                    && age(entry, tick) <= LATELY_TICKS) {
                here.add(owner);
            }
        }
        here.sort(Comparator.comparingLong(owner -> owner.since() - since));
        return here.stream().map(Owner::source).distinct().limit(most).toList();
    }

    private int find(long hash) {
        int first = first(hash);
        for (int i = first; i < first + WAYS; i++) {
            long entry = places.getPlain(i);
            if (entry != 0 && entry >>> 40 == mark(hash)) {
                return i;
            }
        }
        return -1;
    }

    /** The place of the four whose source is worth least; -1 when all are established. */
    private int leastWorth(long hash, int tick) {
        int first = first(hash);
        int least = -1;
        int leastScore = ENOUGH;
        for (int i = first; i < first + WAYS; i++) {
            int score = scoreAt(places.getPlain(i), tick);
            if (score < leastScore) {
                least = i;
                leastScore = score;
            }
        }
        return least;
    }

    private int first(long hash) {
        return (int) (hash & sets - 1) * WAYS;
    }

    /** Never 0, so that no entry is. */
    private static long mark(long hash) {
        return hash >>> 40 | 1;
    }

    private static long entry(long hash, int score, int calls, int tick) {
        return mark(hash) << 40 | (long) score << 32 | (long) calls << 16 | tick;
    }

    private static int tick(long nanos) {
        return (int) (nanos / TICK_NANOS & TICKS - 1);
    }

    private static int tickOf(long entry) {
        return (int) entry & TICKS - 1;
    }

    /** For how many ticks a source has been silent. */
    private static int age(long entry, int tick) {
        int age = tick - tickOf(entry) & TICKS - 1;
        return age >= TICKS - AHEAD_TICKS ? 0 : age;
    }

    private static boolean isSameSecond(int tick, int other) {
        return tick / TICKS_OF_SECOND == other / TICKS_OF_SECOND;
    }

    private static int callsOf(long entry) {
        return (int) (entry >>> 16) & 0xffff;
    }

    private static int scoreAt(long entry, int tick) {
        int halvings = age(entry, tick) / HALVED_AFTER;
        return halvings > 8 ? 0 : (int) (entry >>> 32 & 0xff) >> halvings;
    }
}

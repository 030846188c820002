package org.rpcward.proxy.overload;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;

/*
 * Each newcomer overwrites whichever has its place. In a flood from many forged addresses, each of them comes back only
 * after all the others have had their turn; a client that wants something is back within moments, and is recognised.
 */
/** Which newcomers were seen a moment ago; a guess, never a certainty. Fixed size. Thread-safe. */
final class Newcomers {
    /** How long "a moment ago" is at least, in nanoseconds. */
    static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

    private static final int PLACES = 1 << 15;

    /** A tick is a power of two in nanoseconds, some 8 ms. */
    private static final int TICK_SHIFT = 23;

    private static final int TICK_BITS = 12;
    private static final int TICK_MASK = (1 << TICK_BITS) - 1;
    private static final int SOON_TICKS = (int) (SOON_NANOS >>> TICK_SHIFT) + 1;

    /** Each with bits of a hash that do not choose the place, and the tick below. */
    private final AtomicIntegerArray marks = new AtomicIntegerArray(PLACES);

    /** Whether this one was here a moment ago; and from now on it was. */
    boolean comesAgain(long hash, long now) {
        int place = (int) (hash >>> 16) & (PLACES - 1);
        int tick = (int) (now >>> TICK_SHIFT) & TICK_MASK;
        // With the lowest bit set no mark is zero, which is what an unused place holds.
        int who = (int) (hash >>> 32 | 1) << TICK_BITS;
        int mark = marks.getOpaque(place);
        marks.setOpaque(place, who | tick);
        return (mark & ~TICK_MASK) == who && (tick - mark & TICK_MASK) <= SOON_TICKS;
    }
}

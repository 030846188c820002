package org.rpcward.proxy.limit;

import java.util.concurrent.atomic.AtomicIntegerArray;

/*
 * Each newcomer overwrites whatever has its place. A million newcomers in turn have long overwritten each other when the
 * first of them comes again; a client that calls twice within a moment is recognised. Threads may overwrite each other's
 * marks: that costs a newcomer one more call as such.
 */
/** Remembers, for a while and not for sure, who was here. Thread-safe. */
final class Doorkeeper {
    private static final int PLACES = 1 << 15;

    /** How long a mark is good, as a shift of nanoseconds: from 8.6 to 17 seconds. */
    private static final int EPOCH_SHIFT = 33;

    private static final int EPOCH_BITS = 8;
    private static final int EPOCH_MASK = (1 << EPOCH_BITS) - 1;

    /** Each with the bits of a hash that do not choose the place, and the epoch below. */
    private final AtomicIntegerArray marks = new AtomicIntegerArray(PLACES);

    /** Whether this one was here in this epoch or the one before; and from now on it was. */
    boolean hasSeen(long hash, long now) {
        int place = (int) (hash >>> 16) & (PLACES - 1);
        int epoch = (int) (now >>> EPOCH_SHIFT) & EPOCH_MASK;
        // The lowest bit makes no mark zero, which is what a place has that nobody had.
        int who = (int) (hash >>> 32 | 1) << EPOCH_BITS;
        int mark = marks.getOpaque(place);
        if (mark != (who | epoch)) {
            marks.setOpaque(place, who | epoch);
        }
        int age = epoch - mark & EPOCH_MASK;
        return (mark & ~EPOCH_MASK) == who && age <= 1;
    }
}

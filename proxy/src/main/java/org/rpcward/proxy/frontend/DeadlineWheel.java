package org.rpcward.proxy.frontend;

import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The deadlines of all connections of one event loop: a wheel whose spokes are a tick apart, each with a list of entries.
 * Setting, moving and dropping a deadline costs the same however many there are, and an entry costs nothing but itself.
 * A deadline is met at the first tick after it. The wheel turns only while it holds something. Used on its event loop
 * only.
 */
final class DeadlineWheel {
    static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final int SPOKES = 256;

    private final EventExecutor loop;
    private final long begin;
    private final @Nullable Entry[] spokes = new @Nullable Entry[SPOKES];
    private long tick;
    private int held;
    private boolean turning;

    DeadlineWheel(EventExecutor loop) {
        this.loop = loop;
        this.begin = now();
    }

    /** Something with at most one deadline at a time. */
    abstract static class Entry {
        private @Nullable Entry previous;
        private @Nullable Entry next;
        private long tick = -1;

        /** The deadline is over. There is no other one until the next is set. */
        abstract void due();
    }

    long now() {
        return loop.ticker().nanoTime();
    }

    /** Sets the deadline of an entry, or moves it. */
    void set(Entry entry, long deadlineNanos) {
        drop(entry);
        if (held == 0) {
            tick = (now() - begin) / TICK_NANOS;
        }
        entry.tick = Math.max(tick + 1, -Math.floorDiv(begin - deadlineNanos, TICK_NANOS));
        int spoke = spoke(entry.tick);
        Entry first = spokes[spoke];
        entry.next = first;
        if (first != null) {
            first.previous = entry;
        }
        spokes[spoke] = entry;
        held++;
        turn();
    }

    /** An entry that has no deadline any more. */
    void drop(Entry entry) {
        if (entry.tick < 0) {
            return;
        }
        Entry before = entry.previous;
        Entry after = entry.next;
        if (before == null) {
            spokes[spoke(entry.tick)] = after;
        } else {
            before.next = after;
        }
        if (after != null) {
            after.previous = before;
        }
        entry.previous = null;
        entry.next = null;
        entry.tick = -1;
        held--;
    }

    private static int spoke(long tick) {
        return (int) (tick & SPOKES - 1);
    }

    private void turn() {
        if (!turning && held > 0) {
            turning = true;
            long next = begin + (tick + 1) * TICK_NANOS;
            loop.schedule(this::onTick, Math.max(0, next - now()), TimeUnit.NANOSECONDS);
        }
    }

    private void onTick() {
        turning = false;
        long reached = (now() - begin) / TICK_NANOS;
        // A loop that stood still for more than a turn passes each spoke once.
        long first = Math.max(tick + 1, reached - SPOKES + 1);
        tick = Math.max(tick, reached);
        try {
            for (long t = first; t <= reached; t++) {
                passSpoke(spoke(t), reached);
            }
        } finally {
            turn();
        }
    }

    private void passSpoke(int spoke, long reached) {
        // What is due drops or moves entries, of this spoke too: begin anew after each.
        Entry entry = spokes[spoke];
        while (entry != null) {
            if (entry.tick <= reached) {
                drop(entry);
                entry.due();
                entry = spokes[spoke];
            } else {
                entry = entry.next;
            }
        }
    }
}

package org.rpcward.proxy.overload;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets in so many calls a second, and carries over what was unused for no more than a quarter of a second, since a
 * worker that was kept waiting finds the calls of that time all at once. Which of many gets in is as good as chance.
 * Thread-safe.
 */
final class Trickle {
    private static final long SAVED_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final long interval;
    private final AtomicLong next;

    /** @param now nanoseconds, of the clock that {@link #lets} is asked by */
    Trickle(int perSecond, long now) {
        this.interval = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.next = new AtomicLong(now);
    }

    boolean lets(long now) {
        long seen = next.get();
        long free = Math.max(seen, now - SAVED_NANOS);
        return free <= now && next.compareAndSet(seen, free + interval);
    }
}

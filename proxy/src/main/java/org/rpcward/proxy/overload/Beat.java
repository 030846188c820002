package org.rpcward.proxy.overload;

import java.util.concurrent.TimeUnit;

/** How late an event loop comes to what it is to do at a certain time. Written by that loop. */
public final class Beat {
    /** A loop is asked to beat this often. */
    public static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final int REMEMBERED = 3;

    private final long[] lags = new long[REMEMBERED];
    private int next;
    private volatile long lag;
    private volatile long last;

    public Beat(long now) {
        last = now;
    }

    /** The loop beats, a period after the last time or later. */
    public void beat(long now) {
        lags[next] = Math.max(0, now - last - PERIOD_NANOS);
        next = (next + 1) % REMEMBERED;
        long least = Long.MAX_VALUE;
        for (long one : lags) {
            least = Math.min(least, one);
        }
        lag = least;
        last = now;
    }

    /**
     * The least of the last three lags, so that one pause of the machine is none; or how long the loop has not come at
     * all, once it missed three beats.
     *
     * @param watchedSince from when on whoever asks came round in time himself: what a loop missed before that, he missed
     *     too, because the whole process stood still
     */
    public long lagNanos(long now, long watchedSince) {
        long came = last;
        long missing = now - (watchedSince - came > 0 ? watchedSince : came) - PERIOD_NANOS;
        return missing > REMEMBERED * PERIOD_NANOS ? Math.max(missing, lag) : lag;
    }
}

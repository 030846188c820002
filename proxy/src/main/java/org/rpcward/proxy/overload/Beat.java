package org.rpcward.proxy.overload;

import java.util.concurrent.TimeUnit;

/** How late an event loop gets round to what it should do at a certain time. Written by that loop. */
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
     * The least of the last three lags, so that a single pause of the machine does not count; or, once the loop has
     * missed three beats, for how long it has not beaten at all.
     *
     * @param watchedSince since when the caller itself has come round in time: beats that a loop missed before that were
     *     missed because the whole process stood still
     */
    public long lagNanos(long now, long watchedSince) {
        long came = last;
        long missing = now - (watchedSince - came > 0 ? watchedSince : came) - PERIOD_NANOS;
        return missing > REMEMBERED * PERIOD_NANOS ? Math.max(missing, lag) : lag;
    }
}

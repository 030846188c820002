package org.rpcward.proxy.observe;

import java.util.concurrent.TimeUnit;

/** Whether lines come quickly, judged by this second and the one before. Used by one thread. */
final class Pace {
    /** More lines than this in one second are many. */
    static final int MANY = 50;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private long began;
    private int lines;
    private int before;

    Pace(long now) {
        began = now;
    }

    /** Notes a line at this time, in nanoseconds, and says whether lines come quickly. */
    boolean isQuick(long now) {
        if (now - began >= SECOND) {
            before = now - began >= 2 * SECOND ? 0 : lines;
            lines = 0;
            began = now;
        }
        lines++;
        return lines > MANY || before > MANY;
    }
}

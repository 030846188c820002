package org.rpcward.proxy.overload;

import java.util.concurrent.TimeUnit;

/**
 * Whether the queue of one socket is ever read empty. A read that brings as much as a read may bring leaves more
 * behind; an unbroken run of such reads means that the queue is never empty. Written by one event loop.
 */
public final class Backlog {
    /** After this long without a full read the queue must have been empty, though no short read showed it. */
    private static final long GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private volatile long since;
    private volatile long last;
    private boolean standing;

    /** A read brought as much as a read may bring. */
    public void filled(long now) {
        if (!standing || now - last > GAP_NANOS) {
            standing = true;
            since = now;
        }
        last = now;
    }

    /** A read brought less. */
    public void emptied() {
        if (standing) {
            standing = false;
            since = last;
        }
    }

    /** For how long the queue has not been empty. */
    public long nanos(long now) {
        long end = last;
        return now - end > GAP_NANOS ? 0 : Math.max(0, end - since);
    }
}

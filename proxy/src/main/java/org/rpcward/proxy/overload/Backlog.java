package org.rpcward.proxy.overload;

import java.util.concurrent.TimeUnit;

/**
 * Whether the queue of one socket is ever read empty. A read that brings as much as one may leaves more behind; reads of
 * that kind in a row, without one that brings less between them, are a queue that is never empty. Written by one event
 * loop.
 */
public final class Backlog {
    /** After so long without a full read the queue was empty, though no short read told. */
    private static final long GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private volatile long since;
    private volatile long last;
    private boolean standing;

    /** A read brought as much as one may. */
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

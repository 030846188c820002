package org.rpcward.proxy.limit;

import java.util.concurrent.atomic.LongAdder;

/**
 * What happened to calls and buckets of one limit. Counts go on over reloads, whatever becomes of the buckets.
 *
 * @param shared calls charged to a bucket that others share
 * @param refused newcomers for which there was no place
 * @param held places that somebody has; as many as the buckets that are there now
 */
record Tally(
        LongAdder exceeded,
        LongAdder exceededInAudit,
        LongAdder shared,
        LongAdder refused,
        LongAdder replaced,
        LongAdder held) {

    Tally() {
        this(new LongAdder(), new LongAdder(), new LongAdder(), new LongAdder(), new LongAdder(), new LongAdder());
    }

    /** For new buckets of the same limit. */
    Tally withNothingHeld() {
        return new Tally(exceeded, exceededInAudit, shared, refused, replaced, new LongAdder());
    }
}

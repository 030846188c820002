package org.rpcward.proxy.limit;

import org.rpcward.policy.LimitPolicy;

/**
 * A limit at one moment. Counts go on over reloads.
 *
 * @param enforced whether it hinders calls, or only tells which it would
 * @param capacity how many sources or prefixes can have a bucket of their own, over UDP and TCP together; for listeners
 *     and rules, how many have one
 * @param held how many places are taken; a place is given away again only once its bucket is full
 * @param exceeded calls that it turned away
 * @param exceededInAudit calls that it would have turned away
 * @param shared calls charged to a bucket that a prefix, or some prefixes, share
 * @param refused how often one would have got a bucket, and there was no place
 * @param replaced how often a place was given away
 */
public record LimitState(
        LimitPolicy limit,
        boolean enforced,
        int capacity,
        long held,
        long exceeded,
        long exceededInAudit,
        long shared,
        long refused,
        long replaced) {}

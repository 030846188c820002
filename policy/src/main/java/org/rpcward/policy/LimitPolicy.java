package org.rpcward.policy;

import java.time.Duration;

/**
 * A token bucket that rules charge, by name.
 *
 * @param name unique in the policy; logs and metrics show it
 * @param place where its name stands in the policy
 * @param tokens how many tokens come back in a {@code period}: calls, or bytes of reply
 * @param burst how many tokens the bucket holds
 * @param per who shares a bucket
 * @param unit what a token is
 * @param over what is said to a call that finds the bucket empty: {@link Verdict#DROP}, {@link Verdict#REFUSE} or {@link
 *     Verdict#HIDE}
 * @param mode {@link Mode#AUDIT}: what it would do is told, and the call goes on
 * @param v4Bits width of an IPv4 prefix, for {@link Scope#PREFIX} and for what newcomers share
 * @param v6Bits width of an IPv6 prefix, likewise
 * @param rollup under {@link Scope#SOURCE}: how many times a source's allowance all newcomers of one prefix have together
 */
public record LimitPolicy(
        String name,
        Place place,
        long tokens,
        Duration period,
        long burst,
        Scope per,
        Unit unit,
        Verdict over,
        Mode mode,
        int v4Bits,
        int v6Bits,
        int rollup) {
    public static final int V4_BITS_DEFAULT = 24;
    public static final int V6_BITS_DEFAULT = 56;
    public static final int ROLLUP_DEFAULT = 32;

    /** Who shares a bucket. */
    public enum Scope {
        SOURCE,
        PREFIX,
        LISTENER,
        RULE
    }

    /** What a token is. */
    public enum Unit {
        CALLS,
        REPLY_BYTES
    }

    public boolean isAudit() {
        return mode == Mode.AUDIT;
    }

    /** Whether buckets of the other limit can go on as this one's: all but the place and what is said is the same. */
    public boolean sharesBucketsWith(LimitPolicy other) {
        return name.equals(other.name)
                && tokens == other.tokens
                && period.equals(other.period)
                && burst == other.burst
                && per == other.per
                && unit == other.unit
                && v4Bits == other.v4Bits
                && v6Bits == other.v6Bits
                && rollup == other.rollup;
    }
}

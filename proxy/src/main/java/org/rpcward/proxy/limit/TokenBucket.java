package org.rpcward.proxy.limit;

import io.github.bucket4j.BucketState64BitsInteger;

/*
 * Bucket4j's own buckets either make a new state for each call that they let pass, or bring a lock each. Here a bucket is
 * Bucket4j's state alone, changed in place under the lock of whoever holds it: a call makes no garbage, and time is read
 * once for all buckets that it is charged to. It is that state, and does not only have one, because a flood from forged
 * sources meets buckets that are far from the processor: each object on the way is a wait.
 */
/** One bucket. Not thread-safe: whoever holds it has a lock for it. Times are nanoseconds of one clock. */
final class TokenBucket extends BucketState64BitsInteger {
    private final long burst;
    private long credit;

    /** A full one. */
    TokenBucket(Allowance allowance, long now) {
        super(allowance.configuration(), now);
        this.burst = allowance.burst();
    }

    /** How many tokens there are; below zero while in debt. A clock that goes backwards brings none and takes none. */
    long tokens(long now) {
        refillAllBandwidth(now);
        return getAvailableTokens();
    }

    /** Takes so many tokens, or none. */
    boolean tryTake(long wanted, long now) {
        if (tokens(now) < wanted) {
            return false;
        }
        consume(wanted);
        return true;
    }

    /** Takes tokens that may not be there. The debt is never more than the bucket holds. */
    void takeIntoDebt(long wanted, long now) {
        consume(Math.min(wanted, tokens(now) + burst));
    }

    /** Brings back what was taken, as far as there is room. */
    void giveBack(long tokens, long now) {
        refillAllBandwidth(now);
        addTokens(tokens);
    }

    /** Begins anew, with nothing in it but the right to have so many tokens from another bucket. */
    void beginOnCredit(long tokens, long now) {
        consume(tokens(now));
        credit = tokens;
    }

    /**
     * How many tokens this may have from another bucket. With what is in this one, a part of a token included, that is never
     * more than it holds: as it fills, the credit goes.
     */
    long credit(long now) {
        if (credit > 0) {
            long room = burst - tokens(now) - (getRoundingError(0) > 0 ? 1 : 0);
            credit = Math.max(0, Math.min(credit, room));
        }
        return credit;
    }

    void useCredit(long tokens) {
        credit -= tokens;
    }

    /** Whether it holds all that a bucket can hold. */
    boolean isFull(long now) {
        return tokens(now) >= burst;
    }
}

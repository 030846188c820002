package org.rpcward.proxy.limit;

import io.github.bucket4j.BucketState;
import io.github.bucket4j.BucketState64BitsInteger;

/*
 * Bucket4j's own buckets either make a new state for each call that they let pass, or bring a lock each. Here a bucket is
 * Bucket4j's state alone, changed in place under the lock of whoever holds it: a call makes no garbage, and time is read
 * once for all buckets that it is charged to.
 */
/** One bucket. Not thread-safe: whoever holds it has a lock for it. Times are nanoseconds of one clock. */
final class TokenBucket {
    private final BucketState state;
    private final long burst;

    /** A full one. */
    TokenBucket(Allowance allowance, long now) {
        this.state = new BucketState64BitsInteger(allowance.configuration(), now);
        this.burst = allowance.burst();
    }

    /** How many tokens there are; below zero while in debt. A clock that goes backwards brings none and takes none. */
    long tokens(long now) {
        state.refillAllBandwidth(now);
        return state.getAvailableTokens();
    }

    /** Takes so many tokens, or none. */
    boolean tryTake(long wanted, long now) {
        if (tokens(now) < wanted) {
            return false;
        }
        state.consume(wanted);
        return true;
    }

    /** Takes tokens that may not be there. The debt is never more than the bucket holds. */
    void takeIntoDebt(long wanted, long now) {
        state.consume(Math.min(wanted, tokens(now) + burst));
    }

    /** Brings back what was taken, as far as there is room. */
    void giveBack(long tokens, long now) {
        state.refillAllBandwidth(now);
        state.addTokens(tokens);
    }

    /** Gives away at most so many tokens, and never more than half of what there is, so that something is left. */
    long surrender(long most, long now) {
        long given = Math.max(0, Math.min(most, tokens(now) / 2));
        state.consume(given);
        return given;
    }

    /** Begins anew with so many tokens. */
    void beginWith(long tokens, long now) {
        state.consume(tokens(now) - tokens);
    }

    /** Whether there is nothing that a new bucket would not have. */
    boolean isFull(long now) {
        return tokens(now) >= burst;
    }
}

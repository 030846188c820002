package org.rpcward.proxy.limit;

/** What a call does to a bucket. */
enum Act {
    /** A call arrives, and takes a token if there is one. */
    TAKE {
        @Override
        boolean on(TokenBucket bucket, long amount, long now) {
            return bucket.tryTake(amount, now);
        }
    },
    /** A call arrives that will be charged later: it passes while anything is left. */
    ASK {
        @Override
        boolean on(TokenBucket bucket, long amount, long now) {
            return bucket.tokens(now) > 0;
        }
    },
    /** The reply to a call that passed has this many bytes. */
    SETTLE {
        @Override
        boolean on(TokenBucket bucket, long amount, long now) {
            bucket.takeIntoDebt(amount, now);
            return true;
        }
    },
    /** A call took a token, and is turned away for another reason. */
    GIVE_BACK {
        @Override
        boolean on(TokenBucket bucket, long amount, long now) {
            bucket.giveBack(amount, now);
            return true;
        }
    };

    abstract boolean on(TokenBucket bucket, long amount, long now);

    /** Whether this is the arrival of a call: only that makes a source known. */
    boolean isArrival() {
        return this == TAKE || this == ASK;
    }
}

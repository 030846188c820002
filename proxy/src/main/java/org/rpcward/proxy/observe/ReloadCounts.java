package org.rpcward.proxy.observe;

import java.time.InstantSource;
import java.util.Locale;

/** Counts reloads of the policy, and knows how the last one ended. Thread-safe. */
public final class ReloadCounts {
    private final InstantSource clock;
    private final EnumCounts<Result> results = new EnumCounts<>(Result.class);

    private volatile double inForceSince;
    private volatile boolean lastWorked = true;

    /** How a reload can end. */
    public enum Result {
        OK,
        /** The policy has a mistake. */
        INVALID,
        /** The host does not let it: the policy cannot be read, or an address cannot be bound. */
        IO;

        private final String word = name().toLowerCase(Locale.ROOT);

        /** The word for it in log and metrics. */
        public String word() {
            return word;
        }
    }

    ReloadCounts(InstantSource clock) {
        this.clock = clock;
    }

    /** A reload has ended; the start counts as one that did well, without being counted. */
    public void ended(Result result) {
        results.add(result);
        lastWorked = result == Result.OK;
        if (result == Result.OK) {
            tookEffect();
        }
    }

    /** A policy has begun to serve. */
    public void tookEffect() {
        inForceSince = clock.millis() / 1e3;
    }

    public long of(Result result) {
        return results.sum(result);
    }

    /** Whether the policy that was read last is the one in force. */
    public boolean lastWorked() {
        return lastWorked;
    }

    /** When the policy in force began to serve, in seconds since 1970. */
    public double inForceSince() {
        return inForceSince;
    }
}

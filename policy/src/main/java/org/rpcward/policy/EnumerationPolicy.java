package org.rpcward.policy;

import java.time.Duration;

/**
 * When a source that asks for one thing after another is taken for a scanner.
 *
 * @param reaction what follows
 * @param throttleAt points within the window from which on lookups are answered at a trickle
 * @param banAt points over TCP within the window that bring a ban; evidence over UDP can be forged and brings none;
 *     {@link #NEVER}: no ban at all
 * @param window how long points count
 */
public record EnumerationPolicy(Reaction reaction, int throttleAt, int banAt, Duration window) {
    /** As {@code banAt}: no number of points brings a ban. */
    public static final int NEVER = Integer.MAX_VALUE;

    /** A policy that says nothing of it: scans are told, and nobody is hindered. */
    public static final EnumerationPolicy DEFAULT =
            new EnumerationPolicy(Reaction.TELL, 20, 60, Duration.ofSeconds(60));

    /** What follows from points. */
    public enum Reaction {
        /** Points are not even counted. */
        OFF,
        /** Scans are logged and counted. */
        TELL,
        /** Scanners are throttled and banned. */
        HINDER
    }
}

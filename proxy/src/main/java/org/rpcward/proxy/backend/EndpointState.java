package org.rpcward.proxy.backend;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How one portmapper of a backend does.
 *
 * @param address and port
 * @param up whether it is taken to be up, which it is until it was asked first
 * @param asked whether it was asked yet
 * @param drained whether it is not asked because somebody said so
 * @param flaps how often it went down
 * @param lastChange when it was last found to be up or down; null before that
 * @param reason why it is down; null when it is not
 */
public record EndpointState(
        String address,
        boolean up,
        boolean asked,
        boolean drained,
        long flaps,
        @Nullable Instant lastChange,
        @Nullable String reason) {
    /** {@code up}, {@code down} or {@code unknown}. */
    public String word() {
        return !asked ? "unknown" : up ? "up" : "down";
    }

    EndpointState turnedUp(Instant now) {
        return new EndpointState(address, true, true, drained, flaps, now, null);
    }

    EndpointState turnedDown(Instant now, String why) {
        return new EndpointState(address, false, true, drained, flaps + 1, now, why);
    }

    EndpointState withDrained(boolean now) {
        return new EndpointState(address, up, asked, now, flaps, lastChange, reason);
    }
}

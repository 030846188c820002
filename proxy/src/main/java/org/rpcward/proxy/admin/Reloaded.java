package org.rpcward.proxy.admin;

import java.util.Locale;

/**
 * What came of reading the policy again.
 *
 * @param revision of the policy that is in force now
 * @param diagnostics the problems of the policy that was read, as {@code rpcward check} tells them, or why it could not be
 *     taken over; empty when there is nothing to tell
 * @param at when, as text
 */
public record Reloaded(Result result, String revision, String diagnostics, String at) {
    /** How it ended. */
    public enum Result {
        OK,
        /** The policy is wrong. */
        INVALID,
        /** This host does not let the policy be read, or be served. */
        IO;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}

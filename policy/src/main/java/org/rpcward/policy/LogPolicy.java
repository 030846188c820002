package org.rpcward.policy;

import java.time.Duration;

/**
 * What is logged.
 *
 * @param allowOneIn one in so many allowed calls is logged; 0 for none
 * @param denyOnePer a source's calls denied by one rule are logged once in this time, with how many were left out
 */
public record LogPolicy(Format format, int allowOneIn, Duration denyOnePer) {
    /** How a line is written. */
    public enum Format {
        JSON,
        TEXT
    }

    public static final LogPolicy DEFAULT = new LogPolicy(Format.JSON, 1000, Duration.ofSeconds(10));
}

package org.rpcward.policy;

import java.time.Duration;

/**
 * What is logged.
 *
 * @param format how a line is written; the journal has its own form
 * @param to {@link #STDOUT}, {@link #JOURNALD}, or the absolute path of a file
 * @param allowOneIn one in so many allowed calls is logged; 0 for none
 * @param denyOnePer a source's calls denied by one rule are logged once in this time, with how many were left out
 */
public record LogPolicy(Format format, String to, int allowOneIn, Duration denyOnePer) {
    public static final String STDOUT = "stdout";

    /** The journal of systemd, each key a field of its own. */
    public static final String JOURNALD = "journald";

    /** How a line is written. */
    public enum Format {
        JSON,
        TEXT
    }

    public static final LogPolicy DEFAULT = new LogPolicy(Format.JSON, STDOUT, 1000, Duration.ofSeconds(10));
}

package org.rpcward.proxy.frontend;

import java.util.Locale;

/** What became of a connection at the door. */
public enum Admission {
    ACCEPTED,
    /** Its source is banned. */
    BANNED,
    /** Its source has as many as one may have. */
    PER_SOURCE_LIMIT,
    /** The sources next to it have as many as they may have together. */
    PER_PREFIX_LIMIT,
    /** Sources that no rule names have their half of all connections. */
    STRANGERS_LIMIT,
    /** Its listener has as many as it may have. */
    GLOBAL_LIMIT,
    /** The process has as many as its descriptors suffice for. */
    DESCRIPTOR_LIMIT,
    /** Its source opens them too fast. */
    RATE_LIMIT,
    /** The sources next to it open them too fast together. */
    PER_PREFIX_RATE_LIMIT,
    /** All sources together, or all that no rule names, open them too fast. */
    GLOBAL_RATE_LIMIT,
    /** There is more to do than can be done. */
    OVERLOAD;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** As it stands in metrics. */
    public String word() {
        return word;
    }
}

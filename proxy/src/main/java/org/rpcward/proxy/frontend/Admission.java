package org.rpcward.proxy.frontend;

import java.util.Locale;

/** What became of a connection at the door. */
public enum Admission {
    ACCEPTED,
    /** Its source has as many as one may have. */
    PER_SOURCE,
    /** The sources next to it have as many as they may have together. */
    PER_PREFIX,
    /** Sources that no rule names have their half of all connections. */
    STRANGERS,
    /** Its listener has as many as it may have. */
    MAX_CONNECTIONS,
    /** The process has as many as its descriptors suffice for. */
    DESCRIPTORS,
    /** Its source opens them too fast. */
    NEW_PER_SOURCE,
    /** The sources next to it open them too fast together. */
    NEW_PER_PREFIX,
    /** All sources together, or all that no rule names, open them too fast. */
    NEW_PER_SECOND,
    /** There is more to do than can be done. */
    OVERLOAD;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** As it stands in metrics. */
    public String word() {
        return word;
    }
}

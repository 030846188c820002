package org.rpcward.proxy.service;

import java.util.Locale;

/** What kind of reply a call got. */
public enum Outcome {
    ANSWERED,
    /** The answer that there is nothing, or nothing to be seen. */
    ABSENT,
    /** Another answer that hides something. */
    HIDDEN,
    REFUSED,
    /** The error that a faulty call gets. */
    FAULT,
    /** SYSTEM_ERR, because the backend does not answer. */
    UNAVAILABLE,
    /** SYSTEM_ERR, because the answer was too large for its call. */
    OVER_BUDGET;

    private final String word = name().toLowerCase(Locale.ROOT);

    public String word() {
        return word;
    }
}

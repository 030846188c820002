package org.rpcward.policy;

import java.util.Locale;

/** Whether verdicts are carried out. */
public enum Mode {
    ENFORCE,
    /** Decide, count and log what would happen, and hinder nothing that may be allowed. */
    AUDIT;

    private final String word = name().toLowerCase(Locale.ROOT);

    public String word() {
        return word;
    }
}

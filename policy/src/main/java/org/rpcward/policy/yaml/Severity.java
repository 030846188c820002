package org.rpcward.policy.yaml;

import java.util.Locale;

/** Whether a problem keeps a policy from taking effect. */
public enum Severity {
    ERROR,
    WARNING;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** The word for it in reports. */
    public String word() {
        return word;
    }
}

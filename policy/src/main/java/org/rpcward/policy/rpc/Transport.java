package org.rpcward.policy.rpc;

import java.util.Locale;

/** How a call reached rpcward. */
public enum Transport {
    UDP,
    TCP;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** The word for it in policies, logs and metrics. */
    public String word() {
        return word;
    }
}

package org.rpcward.proxy.overload;

import java.util.Locale;

/** Why a call was turned away at the door. */
public enum Shed {
    /** Its source had no answers lately, and few of its kind are let in. */
    NEWCOMER,
    /** Its source asks more than its share. */
    GREEDY,
    /** No rule names its source. */
    UNNAMED;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** As it stands in metrics. */
    public String word() {
        return word;
    }
}

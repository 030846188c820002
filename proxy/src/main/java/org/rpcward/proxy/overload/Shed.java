package org.rpcward.proxy.overload;

import java.util.Locale;

/** Why a call was turned away at the door. */
public enum Shed {
    /** Its source had no recent answers, and few such sources are let in. */
    NEWCOMER,
    /** Its source asks for more than its share. */
    GREEDY,
    /** No rule names its source. */
    UNNAMED;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** As it stands in metrics. */
    public String word() {
        return word;
    }
}

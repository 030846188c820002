package org.rpcward.policy;

import java.util.Locale;
import java.util.Optional;

/** The four things that a rule can say. What each means for a class of calls is in the policy reference. */
public enum Verdict {
    /** The answer. */
    ALLOW,
    /** What rpcward would say if there were nothing. */
    HIDE,
    /** AUTH_TOOWEAK, as rpcbind says it. */
    REFUSE,
    /** Silence over UDP, the end of the connection over TCP. */
    DROP;

    private final String word = name().toLowerCase(Locale.ROOT);

    public String word() {
        return word;
    }

    public static Optional<Verdict> ofWord(String word) {
        for (Verdict v : values()) {
            if (v.word.equals(word)) {
                return Optional.of(v);
            }
        }
        return Optional.empty();
    }
}

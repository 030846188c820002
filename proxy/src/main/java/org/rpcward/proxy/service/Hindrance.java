package org.rpcward.proxy.service;

import java.util.Locale;
import org.rpcward.policy.Verdict;

/**
 * What hinders a call that its rule would let pass. There are as few of them as there are limits and the like: none is
 * made for a call.
 *
 * @param name which one of its kind; empty where there is only one
 * @param then what is said to the call: never {@link Verdict#ALLOW}
 */
public record Hindrance(Kind kind, String name, Verdict then) {
    /** Why calls are hindered. */
    public enum Kind {
        /** A bucket is empty. */
        LIMIT,
        /** The source looks for what there is. */
        ENUMERATION,
        BAN,
        /** There is more to do than can be done, and this matters least. */
        OVERLOAD;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }

    /** As it stands in log and metrics: {@code limit lookups}, {@code ban}. */
    public String reason() {
        return name.isEmpty() ? kind.word() : kind.word() + " " + name;
    }
}

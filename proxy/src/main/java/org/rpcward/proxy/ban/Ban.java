package org.rpcward.proxy.ban;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.rpcward.policy.net.AddressPrefix;

/**
 * A ban that is in force.
 *
 * @param prefix who is banned
 * @param reason why: {@code enumeration}, or what the administrator wrote; may have any character
 * @param evidence what an automatic ban rests on, in words; else empty
 * @param length how long it is in all
 * @param until when it ends, by the clock on the wall
 * @param offence which ban of this source it is, from 1; 0 for those of an administrator
 * @param hits how many calls and connections it kept out
 */
public record Ban(
        AddressPrefix prefix,
        Kind kind,
        String reason,
        String evidence,
        Duration length,
        Instant until,
        int offence,
        long hits) {
    /** Whose ban it is. */
    public enum Kind {
        AUTOMATIC,
        MANUAL;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }

        /**
         * The kind of this word.
         *
         * @throws IllegalArgumentException if there is none
         */
        public static Kind ofWord(String word) {
            for (Kind kind : values()) {
                if (kind.word.equals(word)) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("no kind of ban: " + word);
        }
    }

    /** Why a ban ends. */
    public enum End {
        /** Its time is over. */
        EXPIRED,
        /** An administrator lifted it. */
        LIFTED,
        /** A new policy says that this source is never banned. */
        NEVER,
        /** There are more automatic bans than are kept, and this one would have ended first. */
        FULL;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }
}

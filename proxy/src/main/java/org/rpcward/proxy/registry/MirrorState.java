package org.rpcward.proxy.registry;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.backend.Reading;

/**
 * How the copy of a registry does.
 *
 * @param rows how many registrations it has
 * @param age how long ago it was read; null when it never was
 * @param reading where it was read last; null when that was before the start, or never
 */
public record MirrorState(
        Freshness freshness,
        int rows,
        @Nullable Duration age,
        @Nullable Reading reading) {
    /** What the age of a copy means for those who ask. */
    public enum Freshness {
        /** Nothing was read yet. */
        EMPTY,
        /** Everybody is answered from it at once. */
        FRESH,
        /** The next who asks waits for a new reading. */
        AGED,
        /** The backend does not answer, and everybody is answered from it at once. */
        STALE,
        /** It is older than {@code stale}, and nobody is answered from it. */
        EXPIRED;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }
}

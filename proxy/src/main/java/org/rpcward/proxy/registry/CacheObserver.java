package org.rpcward.proxy.registry;

import java.util.Locale;

/** Is told how questions fare at what is remembered of backends. Called on the askers' event loops; must not block. */
public interface CacheObserver {
    /** Watches nothing. */
    CacheObserver NONE = (cache, result) -> {};

    /** What remembers. */
    enum Cache {
        /** The copy of a registry. */
        MIRROR,
        /** Answers of a backend to single lookups. */
        FORWARD;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }

    /** What came of a question. */
    enum Result {
        /** Answered at once. */
        HIT,
        /** Answered at once, while the backend does not answer. */
        STALE,
        /** The backend had to be asked. */
        MISS,
        /** The backend was being asked already. */
        COALESCED,
        /** Answered without waiting, because too many wait, or the backend was asked a moment ago. */
        BYPASS;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }

    void asked(Cache cache, Result result);
}

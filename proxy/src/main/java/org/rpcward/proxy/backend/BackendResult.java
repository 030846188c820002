package org.rpcward.proxy.backend;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a question to a backend ended.
 *
 * @param value what it said; null unless the status is {@link Status#OK}
 */
public record BackendResult<T>(Status status, @Nullable T value) {

    /** Each is counted by its word. */
    public enum Status {
        OK,
        /** It does not speak this version of the protocol. */
        MISMATCH,
        /** It answered with an error. */
        ERROR,
        /** What it sent is no reply, or one with impossible results. */
        NONSENSE,
        /** It said nothing in time. */
        TIMEOUT,
        /** Nobody is there: refused, reset, no route. */
        UNREACHABLE,
        /** Too many questions wait already. */
        OVERLOADED;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }

    static <T> BackendResult<T> failed(Status status) {
        return new BackendResult<>(status, null);
    }
}

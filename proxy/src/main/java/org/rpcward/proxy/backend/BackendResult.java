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
        /** Its host is there, and nobody listens. */
        REFUSED,
        /** No route, or the connection broke. */
        UNREACHABLE,
        /** Too many questions wait already. */
        OVERLOADED;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }

        /** Whether nothing was heard of it but that it is not to be had. */
        boolean isNobody() {
            return this == REFUSED || this == UNREACHABLE;
        }
    }

    static <T> BackendResult<T> failed(Status status) {
        return new BackendResult<>(status, null);
    }
}

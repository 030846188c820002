package org.rpcward.proxy.frontend;

import java.util.Locale;

/** Why a connection that was let in has ended. */
public enum CloseReason {
    /** The peer closed or reset it. */
    CLIENT(false),
    /** No whole call came for too long. */
    IDLE(false),
    /** Its first call took too long. */
    FIRST_RECORD(true),
    /** A call that had begun took too long to become whole. */
    DRIP(true),
    /** It was open for as long as one may be. */
    LIFETIME(false),
    /** It brought as many calls as one may. */
    CALLS_LIMIT(false),
    /** What came was no record. */
    PROTOCOL(false),
    /** A call was dropped, which over a stream is this. */
    DROPPED(false),
    /** Replies waited for too long without progress. */
    NOT_READING(true),
    /** The peer is rpcward itself. */
    LOOP(true),
    /** There was more to do than could be done, and this connection was idle. */
    OVERLOAD(true),
    /** rpcward stops. */
    DRAIN(false),
    /** A mistake of ours. */
    FAILURE(true);

    private final boolean abrupt;
    private final String word = name().toLowerCase(Locale.ROOT);

    CloseReason(boolean abrupt) {
        this.abrupt = abrupt;
    }

    /** As it stands in metrics. */
    public String word() {
        return word;
    }

    /** Whether the connection is reset, so that the kernel keeps nothing of it. */
    boolean isAbrupt() {
        return abrupt;
    }
}

package org.rpcward.proxy.rpc;

import java.util.Locale;

/** What can be wrong with the bytes of a call. Each is counted by its word. */
public enum Fault {
    // No reply can be given, or none is safe: silence over UDP, the end of the connection over TCP.
    SHORT(Answer.NONE, 0),
    NOT_A_CALL(Answer.NONE, 0),
    BAD_RPCVERS(Answer.NONE, 0),
    AUTH_TOO_LONG(Answer.NONE, 0),
    OVERSIZED(Answer.NONE, 0),
    RECORD_TOO_BIG(Answer.NONE, 0),
    EMPTY_FRAGMENT(Answer.NONE, 0),
    FRAGMENT_LIMIT(Answer.NONE, 0),

    // The credential or verifier is not one that rpcward takes.
    BAD_CREDENTIAL(Answer.DENIED, Rpc.AUTH_BADCRED),
    REJECTED_CREDENTIAL(Answer.DENIED, Rpc.AUTH_REJECTEDCRED),
    FAILED_CREDENTIAL(Answer.DENIED, Rpc.AUTH_FAILED),
    BAD_VERIFIER(Answer.DENIED, Rpc.AUTH_BADVERF),

    // The call is whole, and not one for a portmapper.
    UNKNOWN_PROGRAM(Answer.ACCEPTED, Rpc.PROG_UNAVAIL),
    UNKNOWN_VERSION(Answer.ACCEPTED, Rpc.PROG_MISMATCH),
    UNKNOWN_PROCEDURE(Answer.ACCEPTED, Rpc.PROC_UNAVAIL),

    // The arguments are not those of the procedure.
    BAD_XDR(Answer.ACCEPTED, Rpc.GARBAGE_ARGS),
    TRAILING(Answer.ACCEPTED, Rpc.GARBAGE_ARGS);

    /** How rpcbind says it. */
    public enum Answer {
        NONE,
        /** {@code MSG_DENIED} with an {@code auth_stat}. */
        DENIED,
        /** {@code MSG_ACCEPTED} with an {@code accept_stat}. */
        ACCEPTED
    }

    private final Answer answer;
    private final int stat;
    private final String word = name().toLowerCase(Locale.ROOT);

    Fault(Answer answer, int stat) {
        this.answer = answer;
        this.stat = stat;
    }

    public Answer answer() {
        return answer;
    }

    /** The {@code auth_stat} or {@code accept_stat} of the reply. */
    public int stat() {
        return stat;
    }

    /** The word for it in logs and metrics. */
    public String word() {
        return word;
    }
}

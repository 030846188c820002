package org.rpcward.policy.rpc;

import java.util.Locale;
import java.util.Optional;

/** What a call wants, whatever version of the protocol it is spoken in. Policies are written in these words. */
public enum CallClass {
    /** NULL. */
    PING,
    /** GETPORT, GETADDR, GETVERSADDR, GETADDRLIST: where is this program? */
    LOOKUP,
    /** DUMP: which programs are there? */
    LIST,
    /** GETTIME. */
    TIME,
    /** UADDR2TADDR, TADDR2UADDR. */
    CONVERT,
    /** GETSTAT. */
    STATS,
    /** SET, UNSET. Never allowed. */
    REGISTER,
    /** CALLIT, BCAST, INDIRECT. Never allowed. */
    INDIRECT;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** The word for this class in a policy. */
    public String word() {
        return word;
    }

    /** Whether calls of this class name a program in their arguments. */
    public boolean namesProgram() {
        return this == LOOKUP || this == REGISTER || this == INDIRECT;
    }

    /** Whether a policy may allow calls of this class. A backend on loopback would take the others for local calls. */
    public boolean allowable() {
        return this != REGISTER && this != INDIRECT;
    }

    public static Optional<CallClass> ofWord(String word) {
        for (CallClass c : values()) {
            if (c.word.equals(word)) {
                return Optional.of(c);
            }
        }
        return Optional.empty();
    }
}

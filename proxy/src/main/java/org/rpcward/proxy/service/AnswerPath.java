package org.rpcward.proxy.service;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;

/** What an answer was made from. */
public enum AnswerPath {
    /** From what is known of the registry, at once. */
    CACHE,
    /** After waiting for the backend. */
    BACKEND,
    /** From the call alone: errors, refusals, and procedures that are about no registration. */
    LOCAL;

    private final String word = name().toLowerCase(Locale.ROOT);

    /** The word for it in metrics. */
    public String word() {
        return word;
    }

    /** @param procedure null for a call that had none */
    static AnswerPath of(Exchange exchange, @Nullable Procedure procedure, Outcome outcome) {
        if (exchange.waited()) {
            return BACKEND;
        }
        return switch (outcome) {
            case ANSWERED, ABSENT, UNAVAILABLE, OVER_BUDGET -> asksRegistry(procedure) ? CACHE : LOCAL;
            case HIDDEN, REFUSED, FAULT -> LOCAL;
        };
    }

    private static boolean asksRegistry(@Nullable Procedure procedure) {
        return procedure != null
                && (procedure.callClass() == CallClass.LOOKUP || procedure.callClass() == CallClass.LIST);
    }
}

package org.rpcward.policy.rpc;

import static org.rpcward.policy.rpc.CallClass.CONVERT;
import static org.rpcward.policy.rpc.CallClass.LIST;
import static org.rpcward.policy.rpc.CallClass.LOOKUP;
import static org.rpcward.policy.rpc.CallClass.PING;
import static org.rpcward.policy.rpc.CallClass.REGISTER;
import static org.rpcward.policy.rpc.CallClass.STATS;
import static org.rpcward.policy.rpc.CallClass.TIME;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The procedures of program 100000, versions 2 (portmapper) to 4 (rpcbind): RFC 1833, sections 2 and 3. */
public enum Procedure {
    NULL(0, 2, 4, PING),
    SET(1, 2, 4, REGISTER),
    UNSET(2, 2, 4, REGISTER),
    GETPORT(3, 2, 2, LOOKUP),
    GETADDR(3, 3, 4, LOOKUP),
    DUMP(4, 2, 4, LIST),
    CALLIT(5, 2, 3, CallClass.INDIRECT),
    BCAST(5, 4, 4, CallClass.INDIRECT),
    GETTIME(6, 3, 4, TIME),
    UADDR2TADDR(7, 3, 4, CONVERT),
    TADDR2UADDR(8, 3, 4, CONVERT),
    GETVERSADDR(9, 4, 4, LOOKUP),
    INDIRECT(10, 4, 4, CallClass.INDIRECT),
    GETADDRLIST(11, 4, 4, LOOKUP),
    GETSTAT(12, 4, 4, STATS);

    /** The portmapper's own program number. */
    public static final int PROGRAM = 100_000;

    /** The oldest and the newest version of the protocol that rpcward speaks. */
    public static final int LOWEST_PROTOCOL = 2;

    public static final int HIGHEST_PROTOCOL = 4;

    private static final int NUMBERS = 13;
    private static final @Nullable Procedure[] BY_PROTOCOL_AND_NUMBER =
            new @Nullable Procedure[(HIGHEST_PROTOCOL + 1) * NUMBERS];

    static {
        for (Procedure p : values()) {
            for (int protocol = p.firstProtocol; protocol <= p.lastProtocol; protocol++) {
                BY_PROTOCOL_AND_NUMBER[protocol * NUMBERS + p.number] = p;
            }
        }
    }

    private final int number;
    private final int firstProtocol;
    private final int lastProtocol;
    private final CallClass callClass;
    private final String word = name().toLowerCase(Locale.ROOT);

    Procedure(int number, int firstProtocol, int lastProtocol, CallClass callClass) {
        this.number = number;
        this.firstProtocol = firstProtocol;
        this.lastProtocol = lastProtocol;
        this.callClass = callClass;
    }

    /** The procedure's number on the wire. */
    public int number() {
        return number;
    }

    public CallClass callClass() {
        return callClass;
    }

    /** The procedure's name in lower case, as policies, logs and metrics write it. */
    public String word() {
        return word;
    }

    /** Whether the given version of the protocol, 2 to 4, has this procedure. */
    public boolean existsIn(int protocol) {
        return firstProtocol <= protocol && protocol <= lastProtocol;
    }

    /** The newest version of the protocol that has this procedure. */
    public int newestProtocol() {
        return lastProtocol;
    }

    /** The oldest version of the protocol that has this procedure. */
    public int oldestProtocol() {
        return firstProtocol;
    }

    /**
     * The procedure with this number in this version of the protocol, or null. Both are unsigned, as they come from the
     * wire.
     */
    public static @Nullable Procedure of(int protocol, int number) {
        if (protocol < LOWEST_PROTOCOL || protocol > HIGHEST_PROTOCOL || number < 0 || number >= NUMBERS) {
            return null;
        }
        return BY_PROTOCOL_AND_NUMBER[protocol * NUMBERS + number];
    }

    /** The procedure of this name, in whatever case. */
    public static Optional<Procedure> ofWord(String word) {
        for (Procedure p : values()) {
            if (p.word.equalsIgnoreCase(word)) {
                return Optional.of(p);
            }
        }
        return Optional.empty();
    }
}

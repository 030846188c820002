package org.rpcward.policy.rpc;

import java.util.BitSet;

/**
 * A procedure as asked in one version of the protocol over one transport: the finite part of a question. Each has a
 * small number, so that a set of them is a bit set.
 */
public final class Slot {
    private static final int PROTOCOLS = Procedure.HIGHEST_PROTOCOL - Procedure.LOWEST_PROTOCOL + 1;
    private static final int TRANSPORTS = Transport.values().length;

    /** How many there are; some name a procedure that its version of the protocol does not have. */
    public static final int COUNT = Procedure.values().length * PROTOCOLS * TRANSPORTS;

    private Slot() {}

    /** A condition on a slot. */
    public interface Test {
        boolean holds(Procedure procedure, int protocol, Transport transport);
    }

    /** The slots for which a condition holds. */
    public static BitSet where(Test test) {
        BitSet slots = new BitSet(COUNT);
        for (Procedure p : Procedure.values()) {
            for (int protocol = Procedure.LOWEST_PROTOCOL; protocol <= Procedure.HIGHEST_PROTOCOL; protocol++) {
                for (Transport t : Transport.values()) {
                    slots.set(of(p, protocol, t), test.holds(p, protocol, t));
                }
            }
        }
        return slots;
    }

    /**
     * The number of a slot, from 0 to {@link #COUNT} - 1.
     *
     * @param protocol 2 to 4
     */
    @SuppressWarnings("EnumOrdinal") // The number is never stored.
    public static int of(Procedure procedure, int protocol, Transport transport) {
        return (procedure.ordinal() * PROTOCOLS + (protocol - Procedure.LOWEST_PROTOCOL)) * TRANSPORTS
                + transport.ordinal();
    }
}

package org.rpcward.proxy.scan;

/**
 * What a call tells of the one who makes it. Each scores once a window for each thing asked about: who asks the same
 * question again and again scores nothing by it.
 */
public enum Trait {
    /** A program was asked for. */
    ASKED(1),
    /** There was no such program, or none to be seen. Comes on top of {@link #ASKED}. */
    MISSED(1),
    /** Both at once: a program was asked for that is kept from the source. */
    ASKED_IN_VAIN(2),
    /** The listing of one version of the protocol, or the statistics, and the policy allows it. */
    LISTED(1),
    /** The same, and the policy does not. */
    LIST_DENIED(3),
    /** A version of the portmapper that never was. */
    ODD_VERSION(2),
    /** Another program than the portmapper was called here. */
    FOREIGN_PROGRAM(2),
    UNKNOWN_PROCEDURE(2),
    /** Any other fault of a message, of one kind. */
    MALFORMED(2);

    private final int points;

    Trait(int points) {
        this.points = points;
    }

    /** How many points it scores. */
    public int points() {
        return points;
    }
}

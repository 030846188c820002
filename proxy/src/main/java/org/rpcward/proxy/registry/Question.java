package org.rpcward.proxy.registry;

import org.rpcward.proxy.rpcbind.Netid;

/**
 * Where is this program? Whatever procedure and version of the protocol the question was asked in.
 *
 * @param program unsigned
 * @param version unsigned
 * @param netid the transport asked about; for {@link Kind#FAMILY} both transports of its family are meant
 */
public record Question(Kind kind, int program, int version, Netid netid) {

    /** What is wanted. */
    public enum Kind {
        /** The program over this transport; another version of it when this one is not registered. */
        ANY_VERSION,
        /** The program over this transport in this version. */
        EXACT_VERSION,
        /** The program in this version over all transports of the family. */
        FAMILY
    }
}

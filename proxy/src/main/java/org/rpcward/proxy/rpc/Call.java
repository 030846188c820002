package org.rpcward.proxy.rpc;

import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Procedure;

/**
 * One decoded call. Either its fault is null, and procedure and arguments are good, or it has a fault, and everything
 * behind the place of the fault is unknown.
 *
 * @param xid the client's transaction number, 0 when the message was too short to have one
 * @param protocol the version of program 100000 that is spoken; 2 to 4 where there is a procedure
 * @param procedure null where the fault came before it
 * @param arguments what is asked; of a call with a whole header that was not for a procedure of the portmapper, what it
 *     called instead
 */
public record Call(
        int xid,
        @Nullable Fault fault,
        int protocol,
        @Nullable Procedure procedure,
        Arguments arguments) {

    /** What the call asks. Which parts have a meaning depends on the procedure. */
    public static final class Arguments {
        private static final byte[] NO_ADDRESS = {};

        public static final Arguments NONE = new Arguments(0, 0, 0, NO_ADDRESS);

        private final int program;
        private final int version;
        private final int protocol;
        private final byte[] address;

        private Arguments(int program, int version, int protocol, byte[] address) {
            this.program = program;
            this.version = version;
            this.protocol = protocol;
            this.address = address;
        }

        static Arguments program(int program, int version) {
            return new Arguments(program, version, 0, NO_ADDRESS);
        }

        static Arguments program(int program, int version, int protocol) {
            return new Arguments(program, version, protocol, NO_ADDRESS);
        }

        static Arguments address(byte[] address) {
            return new Arguments(0, 0, 0, address);
        }

        /** The program asked about, unsigned. */
        public int program() {
            return program;
        }

        /** Its version, unsigned. */
        public int version() {
            return version;
        }

        /** Of GETPORT: the IP protocol number, unsigned. Of a call that went to no procedure: the number of that. */
        public int protocol() {
            return protocol;
        }

        /** Of UADDR2TADDR the text, of TADDR2UADDR the contents of the netbuf. Not to be changed. */
        public byte[] address() {
            return address;
        }
    }

    /** A message that the transport found fault with. */
    public static Call of(Fault fault) {
        return faulty(0, fault);
    }

    static Call faulty(int xid, Fault fault) {
        return new Call(xid, fault, 0, null, Arguments.NONE);
    }

    /** A call whose header is whole. In the place of arguments stand the program, version and procedure that it called. */
    static Call misdirected(int xid, Fault fault, int program, int version, int number) {
        return new Call(xid, fault, 0, null, Arguments.program(program, version, number));
    }
}

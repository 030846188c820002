package org.rpcward.proxy.rpc;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.rpc.Call.Arguments;
import org.rpcward.proxy.xdr.XdrReader;

/**
 * Decodes calls of the portmapper and rpcbind: the header of RFC 5531, section 9, the arguments of RFC 1833. Strict:
 * every length within bounds and within the message, padding of zeros, nothing after the arguments. In what order
 * faults are found is rpcbind's own order: message, credential, program, version, procedure, arguments.
 */
public final class CallDecoder {

    /** The longest netid, in bytes. The registered ones have at most six. */
    public static final int MAX_NETID = 32;

    private static final int SHORTEST_HEADER = 40;

    /** The most that rpcbind takes for the size of a netbuf, in bytes. */
    private static final int MAX_NETBUF = 9000;

    private CallDecoder() {}

    /**
     * Decodes one whole message.
     *
     * @param message is read to its end or to the place of the first fault; not released
     */
    public static Call decode(ByteBuf message) {
        if (message.readableBytes() < SHORTEST_HEADER) {
            return Call.faulty(0, Fault.SHORT);
        }
        int xid = message.readInt();
        if (message.readInt() != Rpc.CALL) {
            return Call.faulty(xid, Fault.NOT_A_CALL);
        }
        if (message.readInt() != Rpc.RPC_VERSION) {
            return Call.faulty(xid, Fault.BAD_RPCVERS);
        }
        int program = message.readInt();
        int version = message.readInt();
        int number = message.readInt();
        XdrReader in = new XdrReader(message);
        Fault fault = authentication(in, message);
        if (fault == null) {
            fault = destination(program, version);
        }
        if (fault != null) {
            return Call.misdirected(xid, fault, program, version, number);
        }
        Procedure procedure = Procedure.of(version, number);
        return procedure == null
                ? Call.misdirected(xid, Fault.UNKNOWN_PROCEDURE, program, version, number)
                : arguments(xid, version, procedure, in);
    }

    private static @Nullable Fault destination(int program, int version) {
        if (program != Procedure.PROGRAM) {
            return Fault.UNKNOWN_PROGRAM;
        }
        return version < Procedure.LOWEST_PROTOCOL || version > Procedure.HIGHEST_PROTOCOL
                ? Fault.UNKNOWN_VERSION
                : null;
    }

    /** Reads credential and verifier. Who a client says it is never counts, so nothing of them is kept. */
    private static @Nullable Fault authentication(XdrReader in, ByteBuf message) {
        int flavor = in.uint();
        int start = message.readerIndex();
        int length = in.skipOpaque(Rpc.MAX_AUTH_BYTES);
        int verifierFlavor = in.uint();
        int verifierLength = in.skipOpaque(Rpc.MAX_AUTH_BYTES);
        if (in.failed()) {
            return tooLong(message, start) ? Fault.AUTH_TOO_LONG : Fault.SHORT;
        }
        Fault fault = credential(flavor, message, start + XdrReader.UNIT, length);
        if (fault != null) {
            return fault;
        }
        return verifierFlavor != Rpc.AUTH_NONE || verifierLength != 0 ? Fault.BAD_VERIFIER : null;
    }

    /** Tells a length that no message may have from a message that was cut. */
    private static boolean tooLong(ByteBuf message, int start) {
        int length = message.getInt(start);
        if (Integer.compareUnsigned(length, Rpc.MAX_AUTH_BYTES) > 0) {
            return true;
        }
        int verifier = start + XdrReader.UNIT + ((length + 3) & -4) + XdrReader.UNIT;
        return verifier + XdrReader.UNIT <= message.writerIndex()
                && Integer.compareUnsigned(message.getInt(verifier), Rpc.MAX_AUTH_BYTES) > 0;
    }

    private static @Nullable Fault credential(int flavor, ByteBuf message, int from, int length) {
        return switch (flavor) {
            case Rpc.AUTH_NONE -> null;
            case Rpc.AUTH_SYS -> isAuthSys(new XdrReader(message.slice(from, length))) ? null : Fault.BAD_CREDENTIAL;
            case Rpc.AUTH_DES -> Fault.FAILED_CREDENTIAL;
            case Rpc.RPCSEC_GSS -> length > 0 ? Fault.FAILED_CREDENTIAL : Fault.BAD_CREDENTIAL;
            default -> Fault.REJECTED_CREDENTIAL;
        };
    }

    /** Stamp, machine name, uid, gid, groups (RFC 5531, appendix A), and nothing behind them. */
    private static boolean isAuthSys(XdrReader body) {
        body.uint();
        body.skipOpaque(Rpc.MAX_MACHINE_NAME);
        body.uint();
        body.uint();
        int groups = body.uint();
        if (Integer.compareUnsigned(groups, Rpc.MAX_GROUPS) > 0) {
            return false;
        }
        for (int i = 0; i < groups; i++) {
            body.uint();
        }
        return body.isAtEnd();
    }

    private static Call arguments(int xid, int protocol, Procedure procedure, XdrReader in) {
        Arguments arguments;
        switch (procedure) {
            case NULL, DUMP, GETTIME, GETSTAT -> arguments = Arguments.NONE;
            case GETPORT -> arguments = mapping(in);
            case GETADDR, GETVERSADDR, GETADDRLIST -> arguments = rpcb(in);
            case UADDR2TADDR -> arguments = Arguments.address(in.opaque(in.remaining()));
            case TADDR2UADDR -> arguments = netbuf(in);
            case SET, UNSET, CALLIT, BCAST, INDIRECT -> {
                // Judged before their arguments are: the program is only read for the log.
                return new Call(xid, null, protocol, procedure, program(in));
            }
            default -> throw new AssertionError(procedure);
        }
        if (in.failed()) {
            return new Call(xid, Fault.BAD_XDR, protocol, procedure, Arguments.NONE);
        }
        if (!in.isAtEnd()) {
            return new Call(xid, Fault.TRAILING, protocol, procedure, Arguments.NONE);
        }
        return new Call(xid, null, protocol, procedure, arguments);
    }

    /** {@code mapping} (RFC 1833, section 3.1): the port is no part of the question. */
    private static Arguments mapping(XdrReader in) {
        int program = in.uint();
        int version = in.uint();
        int protocol = in.uint();
        in.uint();
        return Arguments.program(program, version, protocol);
    }

    /**
     * {@code rpcb} (RFC 1833, section 2.1). The netid asked for does not matter, as with rpcbind: the transport of the
     * call does. Address and owner are hints that rpcward does not take.
     */
    private static Arguments rpcb(XdrReader in) {
        int program = in.uint();
        int version = in.uint();
        in.token(MAX_NETID);
        in.skipOpaque(in.remaining());
        in.skipOpaque(in.remaining());
        return Arguments.program(program, version);
    }

    /** {@code netbuf} (RFC 1833, section 2.1). */
    private static Arguments netbuf(XdrReader in) {
        int maxLength = in.uint();
        byte[] address = in.opaque(in.remaining());
        if (Integer.compareUnsigned(address.length, maxLength) > 0
                || Integer.compareUnsigned(maxLength, MAX_NETBUF) > 0) {
            in.fail();
        }
        return Arguments.address(address);
    }

    private static Arguments program(XdrReader in) {
        int program = in.uint();
        int version = in.uint();
        return in.failed() ? Arguments.NONE : Arguments.program(program, version);
    }
}

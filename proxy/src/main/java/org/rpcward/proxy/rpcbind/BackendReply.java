package org.rpcward.proxy.rpcbind;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.rpc.CallDecoder;
import org.rpcward.proxy.rpc.Rpc;
import org.rpcward.proxy.xdr.XdrReader;

/**
 * Decodes what a backend says, which is as hostile as what a client says: whoever can register there chooses the text.
 */
public final class BackendReply {
    /** The most rows of a listing that are taken; what follows them is not read. */
    public static final int MAX_ROWS = 20_000;

    /** The longest netid, address or owner of a row, in bytes; a longer one makes the whole listing wrong. */
    private static final int MAX_TEXT = 9_000;

    /** The longest owner that is kept, in bytes. */
    private static final int MAX_OWNER = 32;

    /** The netid of registrations on a local socket. */
    private static final String LOCAL = "local";

    private BackendReply() {}

    /** How a backend answered. */
    public enum Status {
        SUCCESS,
        /** It does not speak this version of the protocol, or has not this procedure in it. */
        MISMATCH,
        /** Any other answer of the protocol: denied, SYSTEM_ERR, ... */
        ERROR,
        /** Not a reply of the protocol, or with wrong results. */
        NONSENSE
    }

    /** The xid of a message of at least four bytes. */
    public static Optional<Integer> xid(ByteBuf message) {
        return message.readableBytes() < XdrReader.UNIT
                ? Optional.empty()
                : Optional.of(message.getInt(message.readerIndex()));
    }

    /** Reads the header of a reply (RFC 5531, section 9), up to the results. */
    public static Status header(ByteBuf message) {
        XdrReader in = new XdrReader(message);
        in.uint();
        int type = in.uint();
        int replyStat = in.uint();
        if (in.failed() || type != Rpc.REPLY) {
            return Status.NONSENSE;
        }
        if (replyStat == Rpc.MSG_DENIED) {
            return Status.ERROR;
        }
        in.uint();
        in.skipOpaque(Rpc.MAX_AUTH_BYTES);
        int acceptStat = in.uint();
        if (in.failed() || replyStat != Rpc.MSG_ACCEPTED) {
            return Status.NONSENSE;
        }
        return switch (acceptStat) {
            case Rpc.SUCCESS -> Status.SUCCESS;
            case Rpc.PROG_UNAVAIL, Rpc.PROG_MISMATCH, Rpc.PROC_UNAVAIL -> Status.MISMATCH;
            default -> Status.ERROR;
        };
    }

    /** The result of GETPORT: a port, 0 for an absent program; null when it is wrong. */
    public static @Nullable Integer port(ByteBuf results) {
        XdrReader in = new XdrReader(results);
        int port = in.uint();
        return in.isAtEnd() && port >= 0 && port <= 0xffff ? port : null;
    }

    /** The port of the result of GETADDR, 0 for an absent program or an unusable address; null when it is wrong. */
    public static @Nullable Integer portOfAddress(ByteBuf results) {
        XdrReader in = new XdrReader(results);
        byte[] text = in.opaque(UniversalAddress.MAX_LENGTH);
        if (!in.isAtEnd()) {
            return null;
        }
        return UniversalAddress.parse(ascii(text)).map(UniversalAddress::port).orElse(0);
    }

    /** The rows of a DUMP in the given version of the protocol, in order, up to {@link #MAX_ROWS}; null when it is wrong. */
    public static @Nullable List<Mapping> rows(ByteBuf results, int protocol) {
        XdrReader in = new XdrReader(results);
        List<Mapping> rows = new ArrayList<>();
        int count = 0;
        while (in.bool()) {
            if (++count > MAX_ROWS) {
                // Whoever can register there must not be able to take the rest away; the oldest come first.
                return rows;
            }
            Mapping row = protocol == Procedure.LOWEST_PROTOCOL ? mapping(in) : registration(in);
            if (row != null) {
                rows.add(row);
            }
        }
        return in.isAtEnd() ? rows : null;
    }

    /** A {@code pmaplist} entry; null when it can never be an answer. */
    private static @Nullable Mapping mapping(XdrReader in) {
        int program = in.uint();
        int version = in.uint();
        Netid netid = Netid.ofIpProtocol(in.uint());
        int port = in.uint();
        return in.failed() || netid == null || port <= 0 || port > 0xffff
                ? null
                : Mapping.anywhere(program, version, netid, port);
    }

    /** An {@code rpcblist} entry; null when it is local business of the backend, or text that is no address. */
    private static @Nullable Mapping registration(XdrReader in) {
        int program = in.uint();
        int version = in.uint();
        byte[] netidText = in.opaque(MAX_TEXT);
        byte[] address = in.opaque(MAX_TEXT);
        byte[] owner = in.opaque(MAX_TEXT);
        if (in.failed()) {
            return null;
        }
        return isToken(netidText, CallDecoder.MAX_NETID)
                ? registration(
                        program,
                        version,
                        ascii(netidText),
                        ascii(address),
                        isToken(owner, MAX_OWNER) ? ascii(owner) : "")
                : null;
    }

    /** A registration from its texts; null when it can be no answer. */
    public static @Nullable Mapping registration(int program, int version, String netid, String address, String owner) {
        UniversalAddress at = UniversalAddress.parse(address).orElse(null);
        if (at == null || at.port() == 0 || netid.equals(LOCAL)) {
            return null;
        }
        Netid known = Netid.ofWord(netid);
        if (known != null && known.isV4() != at.host().isV4()) {
            return null;
        }
        return new Mapping(program, version, known == null ? netid : known.word(), known, at.host(), at.port(), owner);
    }

    private static boolean isToken(byte[] text, int longest) {
        for (byte c : text) {
            boolean plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!plain && c != '_' && c != '-') {
                return false;
            }
        }
        return text.length > 0 && text.length <= longest;
    }

    private static String ascii(byte[] text) {
        return new String(text, StandardCharsets.US_ASCII);
    }
}

package org.rpcward.proxy.rpcbind;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.xdr.XdrWriter;

/** Writes the results of the procedures of RFC 1833, sections 2.1 and 3.1. */
public final class Results {
    /** {@code FALSE} and {@code TRUE}; also the end and the continuation of a list. */
    private static final int NO = 0;

    private static final int YES = 1;

    /** {@code RPCBSTAT_HIGHPROC}: procedures of which GETSTAT tells a count. */
    private static final int COUNTED_PROCEDURES = 13;

    private Results() {}

    /** The addresses that stand in answers to one client, at most one of each family. */
    public record Asked(@Nullable IpAddress v4, @Nullable IpAddress v6) {
        @Nullable
        IpAddress sameFamily(IpAddress host) {
            return host.isV4() ? v4 : v6;
        }
    }

    /** GETPORT: the port, 0 for none. */
    public static void port(ByteBuf out, List<Mapping> found) {
        out.writeInt(found.isEmpty() ? 0 : found.get(0).port());
    }

    /** GETADDR, GETVERSADDR: the universal address, empty for none. */
    public static void address(ByteBuf out, List<Mapping> found, Asked asked) {
        IpAddress host = found.isEmpty() ? null : asked.sameFamily(found.get(0).host());
        XdrWriter.string(
                out, host == null ? "" : new UniversalAddress(host, found.get(0).port()).toString());
    }

    /** GETADDRLIST: {@code rpcb_entry_list}. */
    public static void addressList(ByteBuf out, List<Mapping> found, Asked asked) {
        for (Mapping m : found) {
            IpAddress host = asked.sameFamily(m.host());
            Netid netid = m.known();
            if (host != null && netid != null) {
                out.writeInt(YES);
                XdrWriter.string(out, new UniversalAddress(host, m.port()).toString());
                XdrWriter.string(out, netid.word());
                out.writeInt(netid.semantics());
                XdrWriter.string(out, netid.family());
                XdrWriter.string(out, netid.protocol());
            }
        }
        out.writeInt(NO);
    }

    /** Whether a row can stand in a listing of this version of the protocol. */
    public static boolean isListed(Mapping row, int protocol, Asked asked) {
        Netid netid = row.known();
        return protocol == Procedure.LOWEST_PROTOCOL
                ? netid != null && netid.isV4()
                : row.host().isWildcard() || asked.sameFamily(row.host()) != null;
    }

    /** DUMP in the given version of the protocol; rows that cannot stand in it are left out. */
    public static byte[] listing(List<Mapping> rows, int protocol, Asked asked) {
        ByteBuf out = Unpooled.buffer();
        if (protocol == Procedure.LOWEST_PROTOCOL) {
            mappings(out, rows);
        } else {
            registrations(out, rows, asked);
        }
        return ByteBufUtil.getBytes(out);
    }

    /** DUMP of version 2: {@code pmaplist}, the mappings of UDP and TCP over IPv4. */
    private static void mappings(ByteBuf out, List<Mapping> rows) {
        for (Mapping m : rows) {
            Netid netid = m.known();
            if (netid != null && netid.isV4()) {
                out.writeInt(YES)
                        .writeInt(m.program())
                        .writeInt(m.version())
                        .writeInt(netid.ipProtocol())
                        .writeInt(m.port());
            }
        }
        out.writeInt(NO);
    }

    /**
     * DUMP of versions 3 and 4: {@code rpcblist}. Wildcards stay, every other host becomes the one that was asked, and
     * where there is none of its family the row is left out. Owners are blank.
     */
    private static void registrations(ByteBuf out, List<Mapping> rows, Asked asked) {
        for (Mapping m : rows) {
            IpAddress host = m.host().isWildcard() ? m.host() : asked.sameFamily(m.host());
            if (host != null) {
                out.writeInt(YES).writeInt(m.program()).writeInt(m.version());
                XdrWriter.string(out, m.netid());
                XdrWriter.string(out, new UniversalAddress(host, m.port()).toString());
                XdrWriter.string(out, "");
            }
        }
        out.writeInt(NO);
    }

    /**
     * GETSTAT: {@code rpcb_stat_byvers}, with nothing in it but how often each procedure was called.
     *
     * @param count calls of a procedure in a version: takes {@code protocol << 8 | procedure}
     */
    public static void statistics(ByteBuf out, IntUnaryOperator count) {
        for (int protocol = Procedure.LOWEST_PROTOCOL; protocol <= Procedure.HIGHEST_PROTOCOL; protocol++) {
            for (int number = 0; number < COUNTED_PROCEDURES; number++) {
                out.writeInt(count.applyAsInt(protocol << 8 | number));
            }
            // setinfo, unsetinfo: nobody sets anything through rpcward; addrinfo, rmtinfo: empty lists.
            out.writeInt(0).writeInt(0).writeInt(NO).writeInt(NO);
        }
    }
}

package org.rpcward.proxy.rpcbind;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.xdr.XdrWriter;

/**
 * Conversion between universal addresses and the {@code netbuf} of RFC 1833, section 2.1: a socket address as Linux on a
 * little-endian machine lays it out, which is what clients of rpcbind get to see.
 *
 * <pre>
 *   sockaddr_in   family:2 (host order) port:2 address:4 zero:8
 *   sockaddr_in6  family:2 (host order) port:2 flowinfo:4 address:16 scope:4
 * </pre>
 */
public final class Netbuf {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCKADDR_IN = 16;
    private static final int SOCKADDR_IN6 = 28;
    private static final int PORT_OFFSET = 2;
    private static final int V4_OFFSET = 4;
    private static final int V6_OFFSET = 8;

    private Netbuf() {}

    /** UADDR2TADDR: the netbuf of a universal address of the call's family; an empty one for any other text. */
    public static void write(ByteBuf out, byte[] text, boolean v4) {
        Optional<UniversalAddress> address = UniversalAddress.parse(new String(text, StandardCharsets.US_ASCII))
                .filter(a -> a.host().isV4() == v4);
        if (address.isEmpty()) {
            out.writeInt(0).writeInt(0);
            return;
        }
        byte[] socketAddress = new byte[v4 ? SOCKADDR_IN : SOCKADDR_IN6];
        ByteBuf fields = Unpooled.wrappedBuffer(socketAddress);
        fields.setShortLE(0, v4 ? AF_INET : AF_INET6);
        fields.setShort(PORT_OFFSET, address.get().port());
        fields.setBytes(v4 ? V4_OFFSET : V6_OFFSET, address.get().host().bytes());
        out.writeInt(socketAddress.length);
        XdrWriter.opaque(out, socketAddress);
    }

    /** TADDR2UADDR: the text of a netbuf of the call's family and length; empty for any other bytes. */
    public static void writeText(ByteBuf out, byte[] socketAddress, boolean v4) {
        XdrWriter.string(out, text(socketAddress, v4));
    }

    private static String text(byte[] socketAddress, boolean v4) {
        if (socketAddress.length != (v4 ? SOCKADDR_IN : SOCKADDR_IN6)) {
            return "";
        }
        ByteBuf fields = Unpooled.wrappedBuffer(socketAddress);
        if (fields.getUnsignedShortLE(0) != (v4 ? AF_INET : AF_INET6)) {
            return "";
        }
        byte[] host = new byte[v4 ? 4 : 16];
        fields.getBytes(v4 ? V4_OFFSET : V6_OFFSET, host);
        return new UniversalAddress(IpAddress.of(host), fields.getUnsignedShort(PORT_OFFSET)).toString();
    }
}

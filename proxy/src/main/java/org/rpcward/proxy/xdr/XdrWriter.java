package org.rpcward.proxy.xdr;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/** Writes XDR items. */
public final class XdrWriter {
    private XdrWriter() {}

    /** A string (RFC 4506, section 4.11) of ASCII characters. */
    public static void string(ByteBuf out, CharSequence text) {
        out.writeInt(text.length());
        ByteBufUtil.writeAscii(out, text);
        out.writeZero(-text.length() & XdrReader.UNIT - 1);
    }

    /** Variable-length opaque data (section 4.10). */
    public static void opaque(ByteBuf out, byte[] bytes) {
        out.writeInt(bytes.length);
        out.writeBytes(bytes);
        out.writeZero(-bytes.length & XdrReader.UNIT - 1);
    }
}

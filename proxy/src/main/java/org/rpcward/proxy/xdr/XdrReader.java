package org.rpcward.proxy.xdr;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/*
 * Hostile bytes are the ordinary case, so a failure is a state and not an exception: the first thing that is wrong makes
 * every later read return nothing, and the caller asks once, at the end, whether all went well. A length is compared
 * with the bytes that are left before it is used for anything.
 */
/** Reads XDR items from a message, within its bounds. Not for use by several threads. */
public final class XdrReader {
    /** Bytes in a unit: every item takes a multiple of it (RFC 4506, section 3). */
    public static final int UNIT = 4;

    private static final byte[] NO_BYTES = {};

    private final ByteBuf message;
    private boolean failed;

    /** Reads from the buffer's reader index on, and moves it. */
    public XdrReader(ByteBuf message) {
        this.message = message;
    }

    /** Whether something was cut short, longer than allowed, or padded with other than zeros. */
    public boolean failed() {
        return failed;
    }

    /** Marks the message as wrong for a reason that the caller found. */
    public void fail() {
        failed = true;
    }

    /** Whether everything was read and nothing was wrong. */
    public boolean isAtEnd() {
        return !failed && !message.isReadable();
    }

    public int remaining() {
        return message.readableBytes();
    }

    /** An unsigned integer (section 4.2), or 0 on failure. */
    public int uint() {
        if (failed || message.readableBytes() < UNIT) {
            failed = true;
            return 0;
        }
        return message.readInt();
    }

    /** A boolean (section 4.4): 0 or 1, anything else is a failure. */
    public boolean bool() {
        int value = uint();
        if (value != 0 && value != 1) {
            failed = true;
        }
        return value == 1 && !failed;
    }

    /** Variable-length opaque data (section 4.10) of at most {@code max} bytes. */
    public byte[] opaque(int max) {
        int length = length(max);
        if (failed) {
            return NO_BYTES;
        }
        byte[] bytes = new byte[length];
        message.readBytes(bytes);
        padding(length);
        return failed ? NO_BYTES : bytes;
    }

    /** Passes over variable-length opaque data of at most {@code max} bytes; says how many there were. */
    public int skipOpaque(int max) {
        int length = length(max);
        if (failed) {
            return 0;
        }
        message.skipBytes(length);
        padding(length);
        return length;
    }

    /** A string (section 4.11) of at most {@code max} printable ASCII characters without spaces, or "" on failure. */
    public String token(int max) {
        int length = length(max);
        if (failed) {
            return "";
        }
        int at = message.readerIndex();
        for (int i = at; i < at + length; i++) {
            byte c = message.getByte(i);
            if (c <= ' ' || c == 0x7f) {
                failed = true;
                return "";
            }
        }
        String text = message.toString(at, length, StandardCharsets.US_ASCII);
        message.skipBytes(length);
        padding(length);
        return failed ? "" : text;
    }

    private int length(int max) {
        int length = uint();
        int left = message.readableBytes();
        // The length itself first: a length near 2^31 is negative once it is padded.
        if (!failed && (length < 0 || length > max || length > left || padded(length) > left)) {
            failed = true;
        }
        return failed ? 0 : length;
    }

    private void padding(int length) {
        for (int i = padded(length) - length; i > 0; i--) {
            if (message.readByte() != 0) {
                failed = true;
            }
        }
    }

    private static int padded(int length) {
        return (length + UNIT - 1) & -UNIT;
    }
}

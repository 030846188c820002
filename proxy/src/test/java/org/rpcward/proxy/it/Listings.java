package org.rpcward.proxy.it;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads replies to DUMP. */
final class Listings {
    private static final int HEADER_BYTES = 24;

    private Listings() {}

    /** Of version 3 or 4: program, version, netid, address and owner of each row, with a blank between them. */
    static List<String> rows(byte[] reply) {
        ByteBuffer in = results(reply);
        List<String> rows = new ArrayList<>();
        while (in.getInt() == 1) {
            rows.add(number(in) + " " + number(in) + " " + text(in) + " " + text(in) + " " + text(in));
        }
        return ended(in, rows);
    }

    /** Of version 2: program, version, protocol and port of each row, with a blank between them. */
    static List<String> rowsOfVersion2(byte[] reply) {
        ByteBuffer in = results(reply);
        List<String> rows = new ArrayList<>();
        while (in.getInt() == 1) {
            rows.add(number(in) + " " + number(in) + " " + number(in) + " " + number(in));
        }
        return ended(in, rows);
    }

    private static ByteBuffer results(byte[] reply) {
        if (reply.length < HEADER_BYTES || Calls.word(reply, 2) != 0 || Calls.word(reply, 5) != 0) {
            throw new AssertionError("no success in " + reply.length + " bytes");
        }
        return ByteBuffer.wrap(reply).position(HEADER_BYTES);
    }

    private static List<String> ended(ByteBuffer in, List<String> rows) {
        if (in.hasRemaining()) {
            throw new AssertionError(in.remaining() + " bytes behind the list");
        }
        return rows;
    }

    private static String number(ByteBuffer in) {
        return Integer.toUnsignedString(in.getInt());
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[in.getInt()];
        in.get(bytes).position(in.position() + (-bytes.length & 3));
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}

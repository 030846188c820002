package org.rpcward.proxy.it;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes and reads messages by hand, independently of the code under test. */
final class Calls {
    static final int PROGRAM = 100_000;
    static final int LAST_FRAGMENT = 0x8000_0000;

    private Calls() {}

    static byte[] words(int... words) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * words.length);
        for (int word : words) {
            bytes.putInt(word);
        }
        return bytes.array();
    }

    static byte[] text(String text) {
        return opaque(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    static byte[] opaque(byte[] bytes) {
        return concat(words(bytes.length), bytes, new byte[-bytes.length & 3]);
    }

    static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DataOutputStream data = new DataOutputStream(out)) {
            for (byte[] part : parts) {
                data.write(part);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static byte[] none() {
        return words(0, 0);
    }

    static byte[] authSys(String machine) {
        return concat(words(1), opaque(concat(words(0x5eed), text(machine), words(0, 0, 0))));
    }

    static byte[] call(int xid, int version, int procedure, byte[]... arguments) {
        return callOf(xid, PROGRAM, version, procedure, none(), none(), concat(arguments));
    }

    static byte[] callOf(
            int xid, int program, int version, int procedure, byte[] credential, byte[] verifier, byte[] arguments) {
        return concat(words(xid, 0, 2, program, version, procedure), credential, verifier, arguments);
    }

    static byte[] ping(int xid) {
        return call(xid, 2, 0);
    }

    static byte[] getPort(int xid, int program, int version, int protocol) {
        return call(xid, 2, 3, words(program, version, protocol, 0));
    }

    static byte[] rpcb(int program, int version, String netid, String address, String owner) {
        return concat(words(program, version), text(netid), text(address), text(owner));
    }

    /** A record of one fragment. */
    static byte[] record(byte[] message) {
        return fragment(message, true);
    }

    static byte[] fragment(byte[] bytes, boolean last) {
        return concat(words(bytes.length | (last ? LAST_FRAGMENT : 0)), bytes);
    }

    /** The whole records in a stream, and nothing of one that is not whole. */
    static List<byte[]> records(byte[] stream) {
        List<byte[]> records = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(stream);
        byte[] record = {};
        while (in.remaining() >= 4) {
            int mark = in.getInt();
            int length = mark & ~LAST_FRAGMENT;
            if (length > in.remaining()) {
                break;
            }
            byte[] fragment = new byte[length];
            in.get(fragment);
            record = concat(record, fragment);
            if (mark < 0) {
                records.add(record);
                record = new byte[0];
            }
        }
        return records;
    }

    static int word(byte[] message, int index) {
        return ByteBuffer.wrap(message).getInt(4 * index);
    }
}

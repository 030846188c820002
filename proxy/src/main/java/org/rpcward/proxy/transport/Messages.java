package org.rpcward.proxy.transport;

import io.netty.channel.unix.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/*
 *   struct mmsghdr, 64 bytes                     struct iovec, 16 bytes
 *    0  address of the peer's address             0  address of the bytes
 *    8  its length (32 bits)                      8  how many
 *   16  address of the iovec
 *   24  how many of them: 1
 *   32  40  nothing
 *   48  flags (32 bits)
 *   56  length of what was received (32 bits)
 */
/** An array of {@code struct mmsghdr}, each with one piece of memory: what recvmmsg(2) and sendmmsg(2) take. */
final class Messages {
    private static final int HEADER = 64;
    private static final int NAME_LENGTH = 8;
    private static final int VECTOR_ADDRESS = 16;
    private static final int VECTORS = 24;
    private static final int LENGTH = 56;

    private static final int VECTOR = 16;
    private static final int VECTOR_LENGTH = 8;

    private final ByteBuffer headers;
    private final ByteBuffer vectors;

    Messages(int count) {
        headers = memory(count * HEADER);
        vectors = memory(count * VECTOR);
        for (int i = 0; i < count; i++) {
            headers.putLong(i * HEADER + VECTOR_ADDRESS, Buffer.memoryAddress(vectors) + (long) i * VECTOR);
            headers.putLong(i * HEADER + VECTORS, 1);
        }
    }

    /** Memory that stays where it is, in the order of bytes that the kernel has. */
    static ByteBuffer memory(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** Where in memory a message is. */
    long address(int place) {
        return Buffer.memoryAddress(headers) + (long) place * HEADER;
    }

    /** Says where a peer's address is, and how long it is or may be. */
    void name(int place, long address, int length) {
        headers.putLong(place * HEADER, address);
        nameLength(place, length);
    }

    void nameLength(int place, int length) {
        headers.putInt(place * HEADER + NAME_LENGTH, length);
    }

    int nameLength(int place) {
        return headers.getInt(place * HEADER + NAME_LENGTH);
    }

    /** Says where the bytes are, and how many, or room for how many. */
    void bytes(int place, long address, int count) {
        vectors.putLong(place * VECTOR, address);
        vectors.putLong(place * VECTOR + VECTOR_LENGTH, count);
    }

    /** How many bytes were received. */
    int length(int place) {
        return headers.getInt(place * HEADER + LENGTH);
    }
}

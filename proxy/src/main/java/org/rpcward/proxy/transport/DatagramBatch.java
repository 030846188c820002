package org.rpcward.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.unix.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.rpcward.policy.net.IpAddress;

/*
 * A datagram stays in its slot, its sender's address beside it, and a reply to it names that very address: nothing is
 * copied, and nothing is made for a datagram but what its reader wants.
 *
 *   struct sockaddr_in          struct sockaddr_in6
 *    0  family (16 bits)         0  family (16 bits)
 *    2  port (16)                2  port (16), 4  flow (32)
 *    4  address (32)             8  address (128), 24  scope (32)
 */
/**
 * Datagrams that were received with one system call. One serves all sockets of an event loop, and is used there only.
 */
public final class DatagramBatch {
    /** The most datagrams in one. */
    static final int MOST = 64;

    /** Room for an address of either family. */
    static final int NAME = 32;

    private static final int NAME_BYTES = 28;
    private static final int NAME_V4 = 4;
    private static final int NAME_V6 = 8;

    /** {@code AF_INET} */
    private static final short V4 = 2;

    private static final int CACHE_LINE = 64;

    private final int datagramBytes;
    private final Messages messages = new Messages(MOST);
    private final ByteBuffer names = Messages.memory(MOST * NAME);
    private final ByteBuffer namesAsSent = names.duplicate().order(ByteOrder.BIG_ENDIAN);
    private final ByteBuffer room;
    private final ByteBuf[] datagrams = new ByteBuf[MOST];

    /** @param datagramBytes of a datagram that are received; of a longer one, the rest is lost */
    public DatagramBatch(int datagramBytes) {
        this.datagramBytes = datagramBytes;
        // A line more than that, or the beginnings of all of them would have the same few places in the cache.
        int stride = datagramBytes + CACHE_LINE;
        this.room = Messages.memory(MOST * stride);
        for (int i = 0; i < MOST; i++) {
            datagrams[i] = Unpooled.wrappedBuffer(room.slice(i * stride, datagramBytes));
            messages.bytes(i, Buffer.memoryAddress(room) + (long) i * stride, datagramBytes);
            messages.name(i, nameAddress(i), NAME_BYTES);
        }
    }

    /**
     * Receives what is there. What was received before is gone.
     *
     * @param most up to {@link #MOST}
     * @return how many datagrams are in slots from 0 on
     */
    int receive(int descriptor, int most) {
        for (int i = 0; i < most; i++) {
            messages.nameLength(i, NAME_BYTES);
        }
        int received;
        do {
            received = SystemCalls.recvmmsg(descriptor, messages.address(0), most, SystemCalls.AT_ONCE, 0);
        } while (received < 0 && SystemCalls.error() == SystemCalls.INTERRUPTED);
        return Math.max(0, received);
    }

    /** The datagram in a slot, up to the length that is received. Good until the next batch; not to be released. */
    public ByteBuf datagram(int slot) {
        return datagrams[slot].setIndex(0, Math.min(datagramBytes, messages.length(slot)));
    }

    /** Who it says it is from. */
    public IpAddress source(int slot) {
        int name = slot * NAME;
        return names.getShort(name) == V4
                ? IpAddress.v4(namesAsSent.getInt(name + NAME_V4))
                : new IpAddress(namesAsSent.getLong(name + NAME_V6), namesAsSent.getLong(name + NAME_V6 + Long.BYTES));
    }

    /** The address and port that it is from, as the kernel has them, for who replies later. */
    public byte[] sender(int slot) {
        byte[] sender = new byte[nameLength(slot)];
        names.get(slot * NAME, sender);
        return sender;
    }

    long nameAddress(int slot) {
        return Buffer.memoryAddress(names) + (long) slot * NAME;
    }

    int nameLength(int slot) {
        return Math.min(NAME_BYTES, messages.nameLength(slot));
    }
}

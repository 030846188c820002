package org.rpcward.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.unix.Buffer;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Replies of one socket that leave with one system call. On one event loop. */
final class ReplyBatch {
    private final int descriptor;
    private final Messages messages = new Messages(DatagramBatch.MOST);

    /** Of receivers that are in no batch any more. */
    private final ByteBuffer names = Messages.memory(DatagramBatch.MOST * DatagramBatch.NAME);

    private final @Nullable ByteBuf[] replies = new @Nullable ByteBuf[DatagramBatch.MOST];
    private int count;
    private int lost;

    ReplyBatch(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Adds a reply to the sender of a datagram, and takes it over. */
    void add(DatagramBatch calls, int slot, ByteBuf reply) {
        add(calls.nameAddress(slot), calls.nameLength(slot), reply);
    }

    /** Adds a reply to somebody whose call came earlier, and takes it over. */
    void add(byte[] receiver, ByteBuf reply) {
        sendIfFull();
        int name = count * DatagramBatch.NAME;
        names.put(name, receiver);
        add(Buffer.memoryAddress(names) + name, receiver.length, reply);
    }

    private void add(long name, int nameLength, ByteBuf reply) {
        sendIfFull();
        ByteBuf direct = inOnePiece(reply);
        messages.name(count, name, nameLength);
        messages.bytes(count, direct.memoryAddress() + direct.readerIndex(), direct.readableBytes());
        replies[count++] = direct;
    }

    private static ByteBuf inOnePiece(ByteBuf reply) {
        if (reply.hasMemoryAddress()) {
            return reply;
        }
        ByteBuf direct = Unpooled.directBuffer(reply.readableBytes()).writeBytes(reply);
        reply.release();
        return direct;
    }

    private void sendIfFull() {
        if (count == DatagramBatch.MOST) {
            send();
        }
    }

    /** Sends what there is, and lets it go. What the kernel does not take is lost: a late reply is of no use to anybody. */
    void send() {
        int done = 0;
        while (done < count) {
            int sent = SystemCalls.sendmmsg(descriptor, messages.address(done), count - done, SystemCalls.AT_ONCE);
            int error = sent > 0 ? 0 : SystemCalls.error();
            if (sent > 0) {
                done += sent;
            } else if (error == SystemCalls.NOT_NOW) {
                lost += count - done;
                done = count;
            } else if (error != SystemCalls.INTERRUPTED) {
                // This one only: its receiver cannot be reached, for instance.
                lost++;
                done++;
            }
        }
        release();
    }

    /** Lets go what is not sent. */
    void release() {
        for (int i = 0; i < count; i++) {
            ByteBuf reply = replies[i];
            if (reply != null) {
                reply.release();
                replies[i] = null;
            }
        }
        count = 0;
    }

    /** How many replies were lost since this was asked last. */
    int takeLost() {
        int since = lost;
        lost = 0;
        return since;
    }
}

package org.rpcward.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.LinuxSocket;
import io.netty.channel.unix.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/*
 * A reply that fits in one packet leaves as one that must not be cut, so that the kernel need not number it, which costs it a
 * twentieth of all that sending costs (RFC 6864: such a packet needs no identification). One that does not fit is sent again
 * as one that may be cut.
 */
/** Replies of one socket that leave with one system call. On one event loop. */
final class ReplyBatch {
    private static final int IPPROTO_IP = 0;
    private static final int IP_MTU_DISCOVER = 10;

    /** {@code IP_PMTUDISC_WANT}: what does not fit is cut. */
    private static final int CUT = 1;

    /** {@code IP_PMTUDISC_DO}: what does not fit is an error. */
    private static final int UNCUT = 2;

    private final LinuxSocket socket;
    private final boolean numbered;
    private final Messages messages = new Messages(DatagramBatch.MOST);

    /** Of receivers that are in no batch any more. */
    private final ByteBuffer names = Messages.memory(DatagramBatch.MOST * DatagramBatch.NAME);

    private final @Nullable ByteBuf[] replies = new @Nullable ByteBuf[DatagramBatch.MOST];
    private int count;
    private int lost;

    /**
     * @param v4 whether its packets have a number each: those of IPv6 have none, unless they are cut
     * @throws IOException when the socket is not to be used
     */
    ReplyBatch(LinuxSocket socket, boolean v4) throws IOException {
        this.socket = socket;
        this.numbered = v4;
        if (v4) {
            socket.setIntOpt(IPPROTO_IP, IP_MTU_DISCOVER, UNCUT);
        }
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
        boolean uncut = numbered;
        int done = 0;
        while (done < count) {
            int sent =
                    SystemCalls.sendmmsg(socket.intValue(), messages.address(done), count - done, SystemCalls.AT_ONCE);
            int error = sent > 0 ? 0 : SystemCalls.error();
            if (sent > 0) {
                done += sent;
            } else if (error == SystemCalls.TOO_LONG && uncut) {
                uncut = false;
                cut(CUT);
            } else if (error == SystemCalls.NOT_NOW) {
                lost += count - done;
                done = count;
            } else if (error != SystemCalls.INTERRUPTED) {
                // This one only: its receiver cannot be reached, for instance.
                lost++;
                done++;
            }
        }
        if (uncut != numbered) {
            cut(UNCUT);
        }
        release();
    }

    private void cut(int how) {
        try {
            socket.setIntOpt(IPPROTO_IP, IP_MTU_DISCOVER, how);
        } catch (IOException | ChannelException closed) {
            // Then nothing is sent either, and that is counted.
        }
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

    /** How many replies wait to be sent. */
    int count() {
        return count;
    }

    /** How many replies were lost since this was asked last. */
    int takeLost() {
        int since = lost;
        lost = 0;
        return since;
    }
}

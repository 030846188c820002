package org.rpcward.proxy.transport;

import io.netty.channel.ChannelException;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Attaches programs of classic BPF to sockets of {@link TransportType#EPOLL}, and reads what the kernel counts there.
 * Neither needs a privilege. From whatever thread.
 */
public final class SocketPrograms {
    private static final int SOL_SOCKET = 1;

    /** {@code struct sock_fprog}: the number of instructions (16 bits), and at 8 bytes their address. */
    private static final int PROGRAM_BYTES = 16;

    private static final int ADDRESS_OFFSET = 8;
    private static final int INSTRUCTION_BYTES = 8;

    /** {@code SO_MEMINFO} gives nine words; the first is what is in the queue, the last what did not get there. */
    private static final int MEMORY_WORDS = 9;

    private static final int QUEUED = 0;
    private static final int DROPPED = 8;

    // Options of sockets.
    private static final int ATTACH_FILTER = 26;
    private static final int DETACH_FILTER = 27;
    private static final int ATTACH_LANES = 51;
    private static final int MEMORY = 55;

    /** Asked for often. */
    private static final ThreadLocal<ByteBuffer> WORDS = ThreadLocal.withInitial(
            () -> ByteBuffer.allocateDirect(MEMORY_WORDS * Integer.BYTES).order(ByteOrder.nativeOrder()));

    private SocketPrograms() {}

    /** The kernel does not do what it was asked; the message says why, in the words of the system. */
    public static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;

        Refused(Exception cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** What the kernel knows a channel of the epoll transport by. */
    public static Socket descriptor(UnixChannel channel) {
        return (Socket) channel.fd();
    }

    /** From now on the program says which packets a socket receives, and how much of them. In place of the one before. */
    public static void attachFilter(Socket socket, ByteBuffer instructions) throws Refused {
        attach(socket, ATTACH_FILTER, instructions);
    }

    /** From now on the program says which socket of a group that shares a port receives a packet. */
    public static void attachLanes(Socket anyOfGroup, ByteBuffer instructions) throws Refused {
        attach(anyOfGroup, ATTACH_LANES, instructions);
    }

    /** From now on a socket receives all packets. */
    public static void detachFilter(Socket socket) throws Refused {
        try {
            socket.setIntOpt(SOL_SOCKET, DETACH_FILTER, 0);
        } catch (IOException | ChannelException e) {
            throw new Refused(e);
        }
    }

    /**
     * How many packets a socket dropped since it was made, because its filter said so or its queue was full: 32 bits
     * that start at zero again.
     */
    public static int dropped(Socket socket) throws Refused {
        return memory(socket, DROPPED);
    }

    /** How much of the kernel's memory the packets take that wait in a socket's queue. */
    public static int queued(Socket socket) throws Refused {
        return memory(socket, QUEUED);
    }

    private static int memory(Socket socket, int word) throws Refused {
        ByteBuffer words = WORDS.get();
        try {
            socket.getRawOpt(SOL_SOCKET, MEMORY, words.clear());
        } catch (IOException | ChannelException e) {
            throw new Refused(e);
        }
        return words.getInt(word * Integer.BYTES);
    }

    private static void attach(Socket socket, int option, ByteBuffer instructions) throws Refused {
        ByteBuffer program = ByteBuffer.allocateDirect(PROGRAM_BYTES).order(ByteOrder.nativeOrder());
        program.putShort(0, (short) (instructions.remaining() / INSTRUCTION_BYTES));
        if (Buffer.addressSize() == Long.BYTES) {
            program.putLong(ADDRESS_OFFSET, Buffer.memoryAddress(instructions));
        } else {
            program.putInt(ADDRESS_OFFSET / 2, (int) Buffer.memoryAddress(instructions));
        }
        try {
            socket.setRawOpt(SOL_SOCKET, option, program);
        } catch (IOException | ChannelException e) {
            throw new Refused(e);
        } finally {
            Reference.reachabilityFence(instructions);
        }
    }
}

package org.rpcward.proxy.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
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

    private static final RawUnixChannelOption ATTACH_FILTER =
            new RawUnixChannelOption("SO_ATTACH_FILTER", SOL_SOCKET, 26, PROGRAM_BYTES);
    private static final IntegerUnixChannelOption DETACH_FILTER =
            new IntegerUnixChannelOption("SO_DETACH_FILTER", SOL_SOCKET, 27);
    private static final RawUnixChannelOption ATTACH_LANES =
            new RawUnixChannelOption("SO_ATTACH_REUSEPORT_CBPF", SOL_SOCKET, 51, PROGRAM_BYTES);
    private static final RawUnixChannelOption MEMORY =
            new RawUnixChannelOption("SO_MEMINFO", SOL_SOCKET, 55, MEMORY_WORDS * Integer.BYTES);

    private SocketPrograms() {}

    /** The kernel does not do what it was asked; the message says why, in the words of the system. */
    public static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;

        Refused(ChannelException cause) {
            super(
                    cause.getCause() == null
                            ? cause.getMessage()
                            : cause.getCause().getMessage(),
                    cause);
        }
    }

    /** From now on the program says which packets a socket receives, and how much of them. In place of the one before. */
    public static void attachFilter(Channel socket, ByteBuffer instructions) throws Refused {
        attach(socket, ATTACH_FILTER, instructions);
    }

    /** From now on the program says which socket of a group that shares a port receives a packet. */
    public static void attachLanes(Channel anyOfGroup, ByteBuffer instructions) throws Refused {
        attach(anyOfGroup, ATTACH_LANES, instructions);
    }

    /** From now on a socket receives all packets. */
    public static void detachFilter(Channel socket) throws Refused {
        set(socket, DETACH_FILTER, 0);
    }

    /**
     * How many packets a socket dropped since it was made, because its filter said so or its queue was full: 32 bits
     * that start at zero again.
     */
    public static int dropped(Channel socket) throws Refused {
        return memory(socket, DROPPED);
    }

    /** How much of the kernel's memory the packets take that wait in a socket's queue. */
    public static int queued(Channel socket) throws Refused {
        return memory(socket, QUEUED);
    }

    private static int memory(Channel socket, int word) throws Refused {
        try {
            ByteBuffer words = socket.config().getOption(MEMORY);
            return words == null ? 0 : words.order(ByteOrder.nativeOrder()).getInt(word * Integer.BYTES);
        } catch (ChannelException e) {
            throw new Refused(e);
        }
    }

    private static void attach(Channel socket, RawUnixChannelOption option, ByteBuffer instructions) throws Refused {
        ByteBuffer program = ByteBuffer.allocateDirect(PROGRAM_BYTES).order(ByteOrder.nativeOrder());
        program.putShort(0, (short) (instructions.remaining() / INSTRUCTION_BYTES));
        if (Buffer.addressSize() == Long.BYTES) {
            program.putLong(ADDRESS_OFFSET, Buffer.memoryAddress(instructions));
        } else {
            program.putInt(ADDRESS_OFFSET / 2, (int) Buffer.memoryAddress(instructions));
        }
        try {
            set(socket, option, program);
        } finally {
            Reference.reachabilityFence(instructions);
        }
    }

    private static <T> void set(Channel socket, ChannelOption<T> option, T value) throws Refused {
        try {
            socket.config().setOption(option, value);
        } catch (ChannelException e) {
            throw new Refused(e);
        }
    }
}

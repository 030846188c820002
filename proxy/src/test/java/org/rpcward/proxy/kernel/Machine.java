package org.rpcward.proxy.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.rpcward.policy.net.IpAddress;

/** Runs programs as the kernel does, one instruction at a time, and believes nothing about them. */
final class Machine {
    private static final int NETWORK = -0x100000;
    private static final int RANDOM = -0x1000 + 56;

    private final ByteBuffer program;
    private final int length;

    /** What the random word is, for programs that ask. */
    int random = 1;

    /** How many instructions the last run took. */
    int steps;

    Machine(Program program) {
        this.program = program.toBuffer().order(ByteOrder.nativeOrder());
        this.length = program.length();
    }

    /** A packet without options, with a source, a version and a source port. */
    static byte[] packet(IpAddress source, int port) {
        boolean v4 = source.isV4();
        byte[] packet = new byte[(v4 ? 20 : 40) + 8];
        packet[0] = (byte) (v4 ? 0x45 : 0x6f);
        byte[] bytes = source.bytes();
        System.arraycopy(bytes, 0, packet, v4 ? 12 : 8, bytes.length);
        packet[packet.length - 8] = (byte) (port >>> 8);
        packet[packet.length - 7] = (byte) port;
        return packet;
    }

    int run(IpAddress source) {
        return run(source, 1023);
    }

    int run(IpAddress source, int port) {
        return run(packet(source, port), source.isV4() ? 20 : 40);
    }

    /** @param data where the packet's data begins, as plain loads count it */
    int run(byte[] packet, int data) {
        ByteBuffer bytes = ByteBuffer.wrap(packet);
        int[] memory = new int[16];
        int a = 0;
        int x = 0;
        steps = 0;
        int at = 0;
        while (true) {
            if (at >= length) {
                throw new AssertionError("ran out of the program at=" + at);
            }
            int code = program.getShort(at * 8) & 0xffff;
            int yes = program.get(at * 8 + 2) & 0xff;
            int no = program.get(at * 8 + 3) & 0xff;
            int k = program.getInt(at * 8 + 4);
            steps++;
            at++;
            switch (code) {
                case 0x20 -> a = k == RANDOM ? random : bytes.getInt(offset(k, data));
                case 0x28 -> a = bytes.getShort(offset(k, data)) & 0xffff;
                case 0x30 -> a = bytes.get(offset(k, data)) & 0xff;
                case 0x60 -> a = memory[k];
                case 0x61 -> x = memory[k];
                case 0x02 -> memory[k] = a;
                case 0x04 -> a += k;
                case 0x0c -> a += x;
                case 0x24 -> a *= k;
                case 0x34 -> a = Integer.divideUnsigned(a, k);
                case 0x54 -> a &= k;
                case 0x74 -> a >>>= k;
                case 0x94 -> a = Integer.remainderUnsigned(a, k);
                case 0xa4 -> a ^= k;
                case 0xac -> a ^= x;
                case 0x07 -> x = a;
                case 0x87 -> a = x;
                case 0x05 -> at += k;
                case 0x15 -> at += a == k ? yes : no;
                case 0x35 -> at += Integer.compareUnsigned(a, k) >= 0 ? yes : no;
                case 0x06 -> {
                    return k;
                }
                case 0x16 -> {
                    return a;
                }
                default -> throw new AssertionError("code=" + code);
            }
        }
    }

    private static int offset(int k, int data) {
        return k < 0 ? k - NETWORK : data + k;
    }
}

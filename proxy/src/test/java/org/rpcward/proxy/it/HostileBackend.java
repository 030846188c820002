package org.rpcward.proxy.it;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs on a host of the lab: portmappers with something wrong about each, one at a port. Uses nothing but the JDK. Its
 * arguments are {@code PORT=TROUBLE}, with the names of {@link Trouble}.
 */
public final class HostileBackend {
    static final int NFS = 100_003;
    static final int NFS_PORT = 2049;
    private static final int DUMP = 4;
    private static final int LOOKUP = 3;
    private static final int MANY_ROWS = 5000;
    private static final int TOO_MANY_ROWS = 25_000;
    private static final int FIRST_PROGRAM = 0x2000_0000;
    private static final int SLOWLY_MILLIS = 300;

    /** What is wrong. */
    enum Trouble {
        NONE,
        SILENT,
        RESETTING,
        CLOSING,
        SLOW,
        GARBAGE,
        WRONG_XID,
        ANSWERING_TWICE,
        ABSURD_RECORD,
        ABSURD_TEXT,
        ENDLESS_LIST,
        ENDLESS_FRAGMENTS,
        TRICKLING,
        MANY_ROWS,
        TOO_MANY_ROWS,
        VERSION_2_ONLY,
        LONG_ADDRESS,
        ONE_ANSWER_A_CONNECTION,
        REFUSING,
        FAILING,
        DYING,
        LYING_ABOUT_PORTS
    }

    private final Trouble trouble;
    private final AtomicInteger listings = new AtomicInteger();

    private HostileBackend(Trouble trouble) {
        this.trouble = trouble;
    }

    public static void main(String[] arguments) throws IOException {
        for (String argument : arguments) {
            String[] words = argument.split("=", -1);
            new HostileBackend(Trouble.valueOf(words[1])).start(Integer.parseInt(words[0]));
        }
        System.out.println("ready");
        System.out.flush();
        // Until the other end is closed.
        while (System.in.read() >= 0) {}
        System.exit(0);
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // The other side gave up, which is what it is to do.
                Thread.currentThread().interrupt();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void start(int port) throws IOException {
        InetSocketAddress at = new InetSocketAddress(InetAddress.getByName("0.0.0.0"), port);
        ServerSocket streams = new ServerSocket();
        streams.bind(at);
        DatagramSocket datagrams = new DatagramSocket(at);
        start(() -> {
            while (true) {
                Socket connection = streams.accept();
                start(() -> {
                    try (connection) {
                        converse(connection);
                    }
                });
            }
        });
        start(() -> serve(datagrams));
    }

    private void serve(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[9000], 9000);
        while (true) {
            socket.receive(packet);
            byte[] reply = reply(Arrays.copyOf(packet.getData(), packet.getLength()));
            if (reply != null && reply.length < 9000) {
                socket.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
            }
        }
    }

    private void converse(Socket connection) throws IOException {
        DataInputStream in = new DataInputStream(connection.getInputStream());
        OutputStream out = new BufferedOutputStream(connection.getOutputStream(), 65_536);
        for (int mark = in.readInt(); mark < 0; mark = in.readInt()) {
            byte[] call = in.readNBytes(mark & 0xffff);
            switch (trouble) {
                case RESETTING -> {
                    connection.setSoLinger(true, 0);
                    return;
                }
                case CLOSING -> {
                    return;
                }
                case ABSURD_RECORD -> {
                    out.write(Calls.words(0xffff_ffff, Calls.word(call, 0), 1, 0, 0, 0, 0));
                    out.flush();
                }
                case ENDLESS_LIST -> endless(out, Calls.concat(header(call), endlessRows()));
                case ENDLESS_FRAGMENTS -> endless(out, Calls.words(0, 0, 0, 0));
                case TRICKLING -> {
                    for (byte b : Calls.record(Calls.concat(header(call), table(Calls.word(call, 4), 100)))) {
                        out.write(b);
                        out.flush();
                        pause(100);
                    }
                }
                default -> {
                    byte[] reply = reply(call);
                    if (reply != null) {
                        out.write(Calls.record(reply));
                        if (trouble == Trouble.ANSWERING_TWICE) {
                            out.write(Calls.record(reply));
                        }
                        out.flush();
                    }
                    if (trouble == Trouble.ONE_ANSWER_A_CONNECTION) {
                        return;
                    }
                }
            }
        }
    }

    /** Waits without anything happening, as a busy machine does. */
    private static void pause(int millis) {
        try {
            new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Fragments that are never the last, as long as the other side takes them. */
    private static void endless(OutputStream out, byte[] bytes) throws IOException {
        while (true) {
            out.write(Calls.fragment(bytes, false));
        }
    }

    private static byte[] endlessRows() {
        byte[] rows = {};
        for (int i = 0; i < 100; i++) {
            rows = Calls.concat(rows, row(FIRST_PROGRAM + i, 1, "tcp", "0.0.0.0.8.1"));
        }
        return rows;
    }

    private static byte[] header(byte[] call) {
        return Calls.words(Calls.word(call, 0), 1, 0, 0, 0, 0);
    }

    private byte @Nullable [] reply(byte[] call) {
        int version = Calls.word(call, 4);
        int procedure = Calls.word(call, 5);
        int xid = Calls.word(call, 0);
        byte[] right = Calls.concat(header(call), results(version, procedure));
        return switch (trouble) {
            case SILENT, RESETTING, CLOSING, TRICKLING, ENDLESS_LIST, ENDLESS_FRAGMENTS -> null;
            case SLOW -> {
                pause(SLOWLY_MILLIS);
                yield right;
            }
            case GARBAGE, ABSURD_RECORD -> {
                byte[] garbage = new byte[64];
                new Random(xid).nextBytes(garbage);
                yield Calls.concat(Calls.words(xid), garbage);
            }
            case WRONG_XID -> Calls.concat(Calls.words(xid + 1, 1, 0, 0, 0, 0), results(version, procedure));
            case REFUSING -> Calls.words(xid, 1, 1, 1, 5);
            case FAILING -> Calls.words(xid, 1, 0, 0, 0, 5);
            case VERSION_2_ONLY -> version == 2 ? right : Calls.words(xid, 1, 0, 0, 0, 2, 2, 2);
            case DYING -> procedure == DUMP && listings.incrementAndGet() > 1 ? null : right;
            default -> right;
        };
    }

    private byte[] results(int version, int procedure) {
        boolean lies = trouble == Trouble.LYING_ABOUT_PORTS;
        return switch (procedure) {
            case DUMP -> table(version, moreRows());
            case LOOKUP ->
                version == 2
                        ? Calls.words(lies ? 70_000 : NFS_PORT)
                        : Calls.text(lies ? "10.6.6.6.0.22.1" : "0.0.0.0.8.1");
            default -> new byte[0];
        };
    }

    private int moreRows() {
        return switch (trouble) {
            case MANY_ROWS -> MANY_ROWS;
            case TOO_MANY_ROWS -> TOO_MANY_ROWS;
            default -> 0;
        };
    }

    /** A listing with nfs, and so many more rows that came later. */
    private byte[] table(int version, int more) {
        byte[][] rows = new byte[more + 4][];
        rows[0] = row(version, NFS, "udp");
        rows[1] = row(version, NFS, "tcp");
        for (int i = 0; i < more; i++) {
            rows[i + 2] = row(version, FIRST_PROGRAM + i, "tcp");
        }
        rows[more + 2] = version == 2 ? oddMapping() : oddRow();
        rows[more + 3] = Calls.words(0);
        return Calls.concat(rows);
    }

    private static byte[] row(int version, int program, String netid) {
        return version == 2
                ? Calls.words(1, program, 3, netid.equals("tcp") ? 6 : 17, NFS_PORT)
                : row(program, 3, netid, "0.0.0.0.8.1");
    }

    private static byte[] row(int program, int version, String netid, String address) {
        return Calls.concat(Calls.words(1), Calls.rpcb(program, version, netid, address, "superuser"));
    }

    private byte[] oddMapping() {
        return trouble == Trouble.ABSURD_TEXT ? Calls.words(7) : new byte[0];
    }

    private byte[] oddRow() {
        return switch (trouble) {
            case LONG_ADDRESS -> row(FIRST_PROGRAM, 1, "tcp", "1".repeat(2048));
            case ABSURD_TEXT -> Calls.words(1, FIRST_PROGRAM, 1, 0xffff_fff0);
            default -> row(FIRST_PROGRAM, 1, "tcp", "\0\u001b[31m");
        };
    }
}

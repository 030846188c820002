package org.rpcward.proxy.it;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Runs on a host of the lab, and is the portmapper of an old system: it knows nothing newer than version 2 of the
 * protocol. It may be told to be slow. Uses nothing but the JDK.
 *
 * <pre>
 *   OldPortmapper ADDRESS PORT udp|tcp|udp,tcp MILLIS PROGRAM/VERSION/udp|tcp/PORT...
 * </pre>
 */
public final class OldPortmapper {
    private static final int UDP = 17;
    private static final int TCP = 6;
    private static final int NULL = 0;
    private static final int GETPORT = 3;
    private static final int DUMP = 4;

    private final List<Row> rows;
    private final long millis;
    private final ScheduledExecutorService later = Executors.newScheduledThreadPool(2, OldPortmapper::daemon);

    /** One registration. */
    private record Row(int program, int version, int protocol, int port) {
        static Row of(String text) {
            String[] fields = text.split("/", -1);
            return new Row(
                    Integer.parseInt(fields[0]),
                    Integer.parseInt(fields[1]),
                    fields[2].equals("udp") ? UDP : TCP,
                    Integer.parseInt(fields[3]));
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private OldPortmapper(List<Row> rows, long millis) {
        this.rows = rows;
        this.millis = millis;
    }

    public static void main(String[] arguments) throws IOException {
        start(arguments);
        System.out.println("ready");
        System.out.flush();
        // Until the other end is closed.
        while (System.in.read() >= 0) {}
        System.exit(0);
    }

    /** Serves until this JVM ends. */
    static void start(String... arguments) throws IOException {
        InetSocketAddress at =
                new InetSocketAddress(InetAddress.getByName(arguments[0]), Integer.parseInt(arguments[1]));
        Set<String> transports = Set.of(arguments[2].split(",", -1));
        List<Row> rows = Arrays.stream(arguments).skip(4).map(Row::of).collect(Collectors.toUnmodifiableList());
        OldPortmapper portmapper = new OldPortmapper(rows, Long.parseLong(arguments[3]));
        if (transports.contains("udp")) {
            DatagramSocket socket = new DatagramSocket(at);
            run(() -> portmapper.serve(socket));
        }
        if (transports.contains("tcp")) {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(at);
            run(() -> portmapper.serve(socket));
        }
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    }

    private static void run(Work work) {
        daemon(() -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        System.err.println(e);
                    }
                })
                .start();
    }

    private void serve(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[9000], 9000);
        while (true) {
            socket.receive(packet);
            byte[] reply = reply(Arrays.copyOf(packet.getData(), packet.getLength()));
            InetSocketAddress to = (InetSocketAddress) packet.getSocketAddress();
            afterwards(() -> socket.send(new DatagramPacket(reply, reply.length, to)));
        }
    }

    private void serve(ServerSocket socket) throws IOException {
        while (true) {
            Socket connection = socket.accept();
            run(() -> {
                try (connection) {
                    converse(connection);
                }
            });
        }
    }

    private void converse(Socket connection) throws IOException {
        connection.setTcpNoDelay(true);
        DataInputStream in = new DataInputStream(connection.getInputStream());
        for (int mark = in.readInt(); mark < 0; mark = in.readInt()) {
            byte[] reply = Calls.record(reply(in.readNBytes(mark & 0xffff)));
            afterwards(() -> connection.getOutputStream().write(reply));
        }
    }

    private void afterwards(Work work) {
        later.schedule(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // Whoever asked is gone.
                    }
                },
                millis,
                TimeUnit.MILLISECONDS);
    }

    private byte[] reply(byte[] call) {
        int xid = Calls.word(call, 0);
        if (Calls.word(call, 3) != Calls.PROGRAM) {
            return Calls.words(xid, 1, 0, 0, 0, 1);
        }
        if (Calls.word(call, 4) != 2) {
            return Calls.words(xid, 1, 0, 0, 0, 2, 2, 2);
        }
        byte[] success = Calls.words(xid, 1, 0, 0, 0, 0);
        return switch (Calls.word(call, 5)) {
            case NULL -> success;
            case GETPORT -> Calls.concat(success, Calls.words(port(call)));
            case DUMP -> Calls.concat(success, table());
            default -> Calls.words(xid, 1, 0, 0, 0, 3);
        };
    }

    private int port(byte[] call) {
        int other = 0;
        for (Row row : rows) {
            if (row.program() == Calls.word(call, 10) && row.protocol() == Calls.word(call, 12)) {
                if (row.version() == Calls.word(call, 11)) {
                    return row.port();
                }
                other = row.port();
            }
        }
        return other;
    }

    private byte[] table() {
        byte[][] entries = new byte[rows.size() + 1][];
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            entries[i] = Calls.words(1, row.program(), row.version(), row.protocol(), row.port());
        }
        entries[rows.size()] = Calls.words(0);
        return Calls.concat(entries);
    }
}

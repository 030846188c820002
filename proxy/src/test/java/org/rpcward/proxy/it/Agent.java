package org.rpcward.proxy.it;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs on a host of the lab and plays exchanges there, as it is told on its standard input, many at a time. A line is a
 * number and an exchange; the answer is a line with the same number. Uses nothing but the JDK.
 *
 * <pre>
 *   1 udp SOURCE|- PORT DESTINATION PORT MILLIS HEX             reply FROM PORT HEX | silence | unreachable
 *   3 probe SOURCE|- PORT DESTINATION PORT MILLIS HEX           served | lost
 *   2 tcp SOURCE|- PORT DESTINATION PORT MILLIS QUIET BYTES HALF|WHOLE HEX[,HEX...]    HEX|- open|closed|refused
 *   4 glut SOURCE|- PORT DESTINATION PORT MILLIS TIMES HEX      open | closed
 *   5 flood SOURCE - DESTINATION PORT SOURCES TIMES HEX         sent
 *   6 knock SOURCE PORT DESTINATION PORT MILLIS TIMES HEX       OPENED CLOSED
 *   7 hold SOURCE|- PORT DESTINATION PORT TIMES HEX             KEPT REFUSED
 *   8 again SOURCE|- HEX                                        ANSWERED
 *   9 crowd SOURCE udp|tcp DESTINATION PORT SOURCES TIMES HEX   sent
 * </pre>
 *
 * A flood is so many datagrams, as fast as possible, from so many sources, each of the next /24. A knock opens so many
 * connections from ports counted up from the first, at once, sends the bytes on those that open in time, and reads until
 * they are closed. To hold is to open so many connections, to ask on each, and to keep those on which an answer came for
 * as long as the agent lives; again asks on all that are kept of a source. A crowd is so many sources with one address
 * after the other, each of which sends so many datagrams, or asks on so many connections and waits for what comes.
 *
 * <p>A glut sends the same bytes so many times, reads nothing, and resets the connection. A probe sends a ping behind the datagram, and is over with the answer to that, whatever came or did not come before. A
 * stream is read until it ends, or until it brought BYTES and then nothing for QUIET milliseconds, or until MILLIS are
 * over. HALF says that the sender closes its half when all is sent.
 */
public final class Agent {
    private static final int THREADS = 64;
    private static final int LARGEST_DATAGRAM = 65_535;

    /** Between two segments, so that they arrive as two. */
    private static final int SEGMENT_GAP_MILLIS = 25;

    /** A peer with this much room cannot take much without reading. */
    private static final int SMALL_BUFFER = 2048;

    /** More than any answer takes: none at all is a failure of the exchange. */
    private static final int HOLDERS_PATIENCE_MILLIS = 20_000;

    private static final HexFormat HEX = HexFormat.of();

    /** By their source. */
    private static final Map<String, List<Socket>> HELD = new ConcurrentHashMap<>();

    private Agent() {}

    public static void main(String[] arguments) throws IOException {
        ExecutorService exchanges = Executors.newFixedThreadPool(THREADS);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        say("ready");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            exchanges.execute(() -> say(words[0] + " " + play(words)));
        }
        System.exit(0);
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static String play(String[] words) {
        try {
            return switch (words[1]) {
                case "udp" -> udp(words);
                case "probe" -> probe(words);
                case "glut" -> glut(words);
                case "flood" -> flood(words);
                case "knock" -> knock(words);
                case "hold" -> hold(words);
                case "again" -> again(words);
                case "crowd" -> crowd(words);
                default -> tcp(words);
            };
        } catch (IOException | RuntimeException e) {
            return "failed " + e;
        }
    }

    private static InetSocketAddress local(String address, String port) throws IOException {
        int number = Integer.parseInt(port);
        return address.equals("-")
                ? new InetSocketAddress(number)
                : new InetSocketAddress(InetAddress.getByName(address), number);
    }

    private static String udp(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        byte[] call = HEX.parseHex(words[7]);
        try (DatagramSocket socket = new DatagramSocket(local(words[2], words[3]))) {
            socket.setBroadcast(true);
            socket.setSoTimeout(Integer.parseInt(words[6]));
            // Not connected: a reply from a wrong address is to be seen.
            socket.send(new DatagramPacket(call, call.length, to));
            DatagramPacket reply = new DatagramPacket(new byte[LARGEST_DATAGRAM], LARGEST_DATAGRAM);
            socket.receive(reply);
            return "reply " + reply.getAddress().getHostAddress() + " " + reply.getPort() + " "
                    + HEX.formatHex(reply.getData(), 0, reply.getLength());
        } catch (SocketTimeoutException e) {
            return "silence";
        } catch (PortUnreachableException e) {
            return "unreachable";
        }
    }

    private static String probe(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        byte[] call = HEX.parseHex(words[7]);
        int xid = call.length < 4 ? 1 : ~Calls.word(call, 0);
        byte[] ping = Calls.ping(xid);
        try (DatagramSocket socket = new DatagramSocket(local(words[2], words[3]))) {
            socket.setSoTimeout(Integer.parseInt(words[6]));
            socket.send(new DatagramPacket(call, call.length, to));
            socket.send(new DatagramPacket(ping, ping.length, to));
            DatagramPacket reply = new DatagramPacket(new byte[LARGEST_DATAGRAM], LARGEST_DATAGRAM);
            do {
                socket.receive(reply);
            } while (reply.getLength() < 4 || Calls.word(reply.getData(), 0) != xid);
            return "served";
        } catch (SocketTimeoutException e) {
            return "lost";
        }
    }

    private static String flood(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        byte[] bytes = HEX.parseHex(words[8]);
        DatagramPacket packet = new DatagramPacket(bytes, bytes.length, to);
        List<DatagramSocket> sockets = new ArrayList<>();
        try {
            byte[] source = InetAddress.getByName(words[2]).getAddress();
            for (int i = Integer.parseInt(words[6]); i > 0; i--) {
                sockets.add(new DatagramSocket(new InetSocketAddress(InetAddress.getByAddress(source), 0)));
                source[source.length - 2]++;
            }
            for (int i = Integer.parseInt(words[7]); i > 0; i--) {
                sockets.get(i % sockets.size()).send(packet);
            }
            return "sent";
        } finally {
            sockets.forEach(DatagramSocket::close);
        }
    }

    private static String knock(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        int port = Integer.parseInt(words[3]);
        int millis = Integer.parseInt(words[6]);
        List<SocketChannel> opening = new ArrayList<>();
        int opened = 0;
        int closed = 0;
        try {
            for (int i = Integer.parseInt(words[7]); i > 0; i--) {
                SocketChannel channel = SocketChannel.open();
                opening.add(channel);
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                channel.bind(local(words[2], Integer.toString(port++)));
                channel.connect(to);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
            for (SocketChannel channel : opening) {
                String end = end(channel, HEX.parseHex(words[8]), 20 * millis);
                opened += end.equals("silence") ? 0 : 1;
                closed += end.equals("closed") ? 1 : 0;
            }
            return opened + " " + closed;
        } finally {
            for (SocketChannel channel : opening) {
                channel.close();
            }
        }
    }

    private static String hold(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        List<Socket> kept = HELD.computeIfAbsent(words[2], s -> new CopyOnWriteArrayList<>());
        int times = Integer.parseInt(words[6]);
        int refused = 0;
        for (int i = 0; i < times; i++) {
            Socket socket = new Socket();
            socket.bind(local(words[2], words[3]));
            socket.setSoTimeout(HOLDERS_PATIENCE_MILLIS);
            socket.connect(to);
            if (answers(socket, HEX.parseHex(words[7]))) {
                kept.add(socket);
            } else {
                refused++;
                socket.close();
            }
        }
        return (times - refused) + " " + refused;
    }

    private static String again(String[] words) throws IOException {
        int answered = 0;
        for (Socket socket : HELD.getOrDefault(words[2], List.of())) {
            answered += answers(socket, HEX.parseHex(words[3])) ? 1 : 0;
        }
        return Integer.toString(answered);
    }

    /** Whether one record comes back. */
    private static boolean answers(Socket socket, byte[] bytes) throws IOException {
        try {
            socket.getOutputStream().write(bytes);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            int length = in.readInt() & ~Calls.LAST_FRAGMENT;
            return in.readNBytes(length).length == length;
        } catch (SocketException | EOFException e) {
            return false;
        }
    }

    private static String crowd(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        byte[] bytes = HEX.parseHex(words[8]);
        int first =
                ByteBuffer.wrap(InetAddress.getByName(words[2]).getAddress()).getInt();
        int sources = Integer.parseInt(words[6]);
        int times = Integer.parseInt(words[7]);
        for (int i = 0; i < sources; i++) {
            InetSocketAddress from = new InetSocketAddress(InetAddress.getByAddress(Calls.words(first + i)), 0);
            if (words[3].equals("udp")) {
                try (DatagramSocket socket = new DatagramSocket(from)) {
                    for (int j = 0; j < times; j++) {
                        socket.send(new DatagramPacket(bytes, bytes.length, to));
                    }
                }
            } else {
                for (int j = 0; j < times; j++) {
                    askOnce(from, to, bytes);
                }
            }
        }
        return "sent";
    }

    private static void askOnce(InetSocketAddress from, InetSocketAddress to, byte[] bytes) throws IOException {
        try (Socket socket = new Socket()) {
            // Thousands of these leave nothing behind.
            socket.setSoLinger(true, 0);
            socket.setSoTimeout(HOLDERS_PATIENCE_MILLIS);
            socket.bind(from);
            socket.connect(to);
            answers(socket, bytes);
        }
    }

    /** How a connection goes on that sends bytes; a reset is an end too. */
    private static String end(SocketChannel channel, byte[] bytes, int millis) throws IOException {
        try {
            if (!channel.finishConnect()) {
                return "silence";
            }
            channel.configureBlocking(true);
            channel.socket().setSoTimeout(millis);
            channel.socket().getOutputStream().write(bytes);
            return channel.socket().getInputStream().read() < 0 ? "closed" : "answer";
        } catch (SocketException e) {
            return "closed";
        }
    }

    private static String glut(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        int millis = Integer.parseInt(words[6]);
        byte[] bytes = HEX.parseHex(words[8]);
        AtomicBoolean patienceIsOver = new AtomicBoolean();
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(SMALL_BUFFER);
            socket.setSoLinger(true, 0);
            socket.bind(local(words[2], words[3]));
            socket.connect(to, millis);
            closeLater(socket, millis, patienceIsOver);
            for (int i = Integer.parseInt(words[7]); i > 0; i--) {
                socket.getOutputStream().write(bytes);
            }
            return "open";
        } catch (SocketException e) {
            return patienceIsOver.get() ? "open" : "closed";
        }
    }

    /** Ends what is blocked on a socket, unless that ended before. */
    private static void closeLater(Closeable socket, int millis, AtomicBoolean done) {
        Thread clock = new Thread(() -> {
            try {
                new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
                done.set(true);
                socket.close();
            } catch (InterruptedException | IOException e) {
                Thread.currentThread().interrupt();
            }
        });
        clock.setDaemon(true);
        clock.start();
    }

    private static String tcp(String[] words) throws IOException {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getByName(words[4]), Integer.parseInt(words[5]));
        int millis = Integer.parseInt(words[6]);
        int quiet = Integer.parseInt(words[7]);
        int wanted = Integer.parseInt(words[8]);
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        try (Socket socket = new Socket()) {
            socket.setReuseAddress(true);
            socket.setTcpNoDelay(true);
            socket.bind(local(words[2], words[3]));
            try {
                socket.connect(to, millis);
            } catch (IOException e) {
                return "- refused";
            }
            String end = converse(socket, words, millis, quiet, wanted, received);
            return (received.size() == 0 ? "-" : HEX.formatHex(received.toByteArray())) + " " + end;
        }
    }

    private static String converse(
            Socket socket, String[] words, int millis, int quiet, int wanted, ByteArrayOutputStream received)
            throws IOException {
        long deadline = System.nanoTime() + millis * 1_000_000L;
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[65_536];
        try {
            boolean first = true;
            for (String segment : words[10].split(",", -1)) {
                if (!first && !read(socket, in, buffer, SEGMENT_GAP_MILLIS, received)) {
                    return "closed";
                }
                first = false;
                socket.getOutputStream().write(HEX.parseHex(segment));
            }
            if (words[9].equals("HALF")) {
                socket.shutdownOutput();
            }
            while (true) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                int patience = (int) Math.max(1, received.size() >= wanted ? Math.min(quiet, left) : left);
                int before = received.size();
                if (!read(socket, in, buffer, patience, received)) {
                    return "closed";
                }
                if (received.size() == before && (before >= wanted || System.nanoTime() >= deadline)) {
                    return "open";
                }
            }
        } catch (SocketException e) {
            // Reset: the other side did not read all that was sent.
            return "closed";
        }
    }

    /** Reads what comes within a time; false when the stream has ended. */
    private static boolean read(
            Socket socket, InputStream in, byte[] buffer, int millis, ByteArrayOutputStream received)
            throws IOException {
        socket.setSoTimeout(millis);
        try {
            int count = in.read(buffer);
            if (count < 0) {
                return false;
            }
            received.write(buffer, 0, count);
        } catch (SocketTimeoutException e) {
            // Nothing came.
            return true;
        }
        return true;
    }
}

package org.rpcward.proxy.it;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs on a host of the lab and asks for the ports of programs in turn, with GETPORT, over sockets and connections that
 * it keeps, until its standard input ends or has a line for it; then it tells how that went. Uses nothing but the JDK.
 *
 * <pre>
 *   SteadyClient ADDRESS PORT SOCKETS CONNECTIONS PAUSE-MILLIS PROGRAM/VERSION...
 * </pre>
 */
public final class SteadyClient {
    private static final int PATIENCE_MILLIS = 5000;
    private static final int TCP = 6;

    private final InetSocketAddress server;
    private final long pauseNanos;
    private final List<int[]> programs;

    // All guarded by this.
    private final Map<String, Long> counts = new TreeMap<>();
    private final List<Long> tookMicros = new ArrayList<>();
    private volatile boolean over;

    private interface Exchange {
        byte[] ask(byte[] call) throws IOException;
    }

    private SteadyClient(InetSocketAddress server, long pauseMillis, List<int[]> programs) {
        this.server = server;
        this.pauseNanos = TimeUnit.MILLISECONDS.toNanos(pauseMillis);
        this.programs = programs;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<int[]> programs = new ArrayList<>();
        for (String program : List.of(arguments).subList(5, arguments.length)) {
            String[] words = program.split("/", -1);
            programs.add(new int[] {Integer.parseInt(words[0]), Integer.parseInt(words[1])});
        }
        SteadyClient client = new SteadyClient(
                new InetSocketAddress(InetAddress.getByName(arguments[0]), Integer.parseInt(arguments[1])),
                Long.parseLong(arguments[4]),
                programs);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
            int first = i << 20;
            threads.add(new Thread(() -> client.datagrams(first)));
        }
        for (int i = 0; i < Integer.parseInt(arguments[3]); i++) {
            int first = 1 << 30 | i << 20;
            threads.add(new Thread(() -> client.connections(first)));
        }
        threads.forEach(Thread::start);
        System.out.println("ready");
        System.out.flush();
        System.in.read();
        client.over = true;
        for (Thread thread : threads) {
            thread.join();
        }
        client.tell();
        System.exit(0);
    }

    private void datagrams(int firstXid) {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(server);
            socket.setSoTimeout(PATIENCE_MILLIS);
            askOnAndOn(firstXid, "udp", call -> {
                socket.send(new DatagramPacket(call, call.length));
                DatagramPacket reply = new DatagramPacket(new byte[2048], 2048);
                do {
                    socket.receive(reply);
                } while (Calls.word(reply.getData(), 0) != Calls.word(call, 0));
                return java.util.Arrays.copyOf(reply.getData(), reply.getLength());
            });
        } catch (IOException e) {
            count("failed " + e);
        }
    }

    private void connections(int firstXid) {
        while (!over) {
            try (Socket socket = new Socket()) {
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(PATIENCE_MILLIS);
                socket.connect(server, PATIENCE_MILLIS);
                count("connections");
                DataInputStream in = new DataInputStream(socket.getInputStream());
                askOnAndOn(firstXid, "tcp", call -> {
                    socket.getOutputStream().write(Calls.record(call));
                    return in.readNBytes(in.readInt() & ~Calls.LAST_FRAGMENT);
                });
            } catch (IOException e) {
                count("closed");
            }
        }
    }

    private void askOnAndOn(int firstXid, String transport, Exchange exchange) throws IOException {
        for (int i = 0; !over; i++) {
            int[] program = programs.get(i % programs.size());
            long begin = System.nanoTime();
            byte[] call = Calls.getPort(firstXid + i, program[0], program[1], TCP);
            count(transport + " sent");
            try {
                note(transport, program[0], begin, exchange.ask(call));
            } catch (SocketTimeoutException e) {
                count(transport + " lost");
            }
            LockSupport.parkNanos(begin + pauseNanos - System.nanoTime());
        }
    }

    private synchronized void note(String transport, int program, long begin, byte[] reply) {
        tookMicros.add((System.nanoTime() - begin) / 1000);
        count(transport + " answered");
        boolean success = reply.length == 28 && Calls.word(reply, 5) == 0;
        count(program + " at " + (success ? Calls.word(reply, 6) : "an error"));
    }

    private synchronized void count(String what) {
        counts.merge(what, 1L, Long::sum);
    }

    private synchronized void tell() {
        Collections.sort(tookMicros);
        if (!tookMicros.isEmpty()) {
            counts.put("median micros", tookMicros.get(tookMicros.size() / 2));
            counts.put("slowest micros", tookMicros.get(tookMicros.size() - 1));
        }
        counts.forEach((what, count) -> System.out.println(what + "=" + count));
    }
}

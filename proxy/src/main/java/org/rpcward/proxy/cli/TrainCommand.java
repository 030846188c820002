package org.rpcward.proxy.cli;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.proxy.admin.Operator;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.server.PolicyFile;
import org.rpcward.proxy.server.ProxyServer;
import org.rpcward.proxy.server.StartException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/*
 * What an archive of classes is made from: the launcher runs this under --make-archive, and the JVM writes down what was
 * loaded, linked and, from 25 on, how often it ran. So it does what a server does, all of it on loopback: two proxies, one
 * with a table in the place of an old portmapper, one in front of it by the run command itself; lookups and listings over
 * UDP and TCP, in versions 2 and 4, allowed, hidden and malformed; a reload; and before that the commands for policies.
 */
@Command(name = "train", hidden = true, description = "Serve a few calls on loopback, and stop.")
final class TrainCommand implements Callable<Integer> {
    private static final String TABLE = """
            version: 1
            listeners: { old: { bind: 127.0.0.1, port: %d } }
            backends: { table: { registry: [{ program: nfs, version: 3-4, netid: [udp, tcp], port: 2049 }] } }
            rules: [{ name: all, from: 127.0.0.0/8, call: [lookup, list], then: allow }]
            """;

    private static final String FRONT = """
            version: 1
            listeners: { lan: { bind: 127.0.0.1, port: %d } }
            backends: { legacy: { address: "127.0.0.1:%d" } }
            groups: { here: [127.0.0.0/8, "::1"] }
            programs: { nfs-family: [nfs/2-4, mountd, nlockmgr, status] }
            views: { nfs-only: { programs: nfs-family } }
            limits:
              lookups: { rate: 100000/s, burst: 100000, per: source }
              network: { rate: 100000/s, burst: 100000, per: prefix }
            rules:
              - { name: lookups, from: here, call: lookup, program: nfs-family, then: allow, limit: [lookups, network] }
              - { name: lists, from: here, call: list, over: tcp, then: allow, view: nfs-only, limit: lookups }
              - { name: others, from: [here, 10.0.0.0/8], then: hide }
            default: drop
            enumeration: { throttle_at: 1000, ban_at: 1000 }
            bans: { never: [here], first: 60s }
            admin: { http: "127.0.0.1:%d", socket: "%s" }
            """;

    private static final int NFS = 100003;
    private static final int UNKNOWN = 300019;
    private static final int IPPROTO_TCP = 6;

    /** Enough that the JVM sees which way calls go. */
    private static final int LOOKUPS = 2_000;

    /** Between tries while the server starts. */
    private static final int PATIENCE_MILLIS = 250;

    /** For one answer of a server that runs: on a machine with other work, first calls take their time. */
    private static final int ANSWER_MILLIS = 10_000;

    private static final int MOST_TRIES = 80;
    private static final int END_SECONDS = 30;

    private int xid = 0x7270_0000;

    @Override
    public Integer call() throws IOException, InterruptedException {
        int oldPort = freePort();
        int port = freePort();
        int adminPort = freePort();
        Path directory = Files.createTempDirectory("rpcward-train");
        Path table = directory.resolve("table.yaml");
        Path front = directory.resolve("front.yaml");
        Path socket = directory.resolve("admin.sock");
        try {
            Files.writeString(table, TABLE.formatted(oldPort));
            Files.writeString(front, FRONT.formatted(port, oldPort, adminPort, socket));
            return serve(table, front, port, adminPort);
        } finally {
            Files.deleteIfExists(table);
            Files.deleteIfExists(front);
            Files.deleteIfExists(socket);
            Files.delete(directory);
        }
    }

    private int serve(Path table, Path front, int port, int adminPort) throws InterruptedException {
        String policy = front.toString();
        execute("check", policy);
        execute("explain", "--policy", policy, "--from", "127.0.0.1", "--udp", "getport", "nfs");
        EventLog silent = new EventLog(
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
                InstantSource.system());
        silent.start();
        ProxyServer old;
        try {
            old = ProxyServer.start(valid(table), silent, table.toString(), Operator.NONE);
        } catch (StartException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
        FutureTask<Boolean> client = new FutureTask<>(() -> ask(port, adminPort));
        new Thread(client, "rpcward-client").start();
        try {
            int status = execute("run", "--policy", policy);
            return status != ExitCode.DONE || !client.get(END_SECONDS, TimeUnit.SECONDS) ? ExitCode.FAILED : status;
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the calls of the training run failed", e);
        } finally {
            old.stop();
            silent.stop();
        }
    }

    private static Policy valid(Path file) {
        LoadResult result = PolicyFile.load(file.toString()).result();
        return Objects.requireNonNull(Objects.requireNonNull(result).policy());
    }

    private static int execute(String... arguments) {
        PrintWriter nowhere = new PrintWriter(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        CommandLine commands = Main.commandLine().setOut(nowhere).setErr(nowhere);
        return commands.execute(arguments);
    }

    /** A port that nothing listened on a moment ago. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Makes the calls, then stops the server, whether they were answered or not. */
    private boolean ask(int port, int adminPort) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(PATIENCE_MILLIS);
            boolean answered = awaitAnswer(socket);
            socket.setSoTimeout(ANSWER_MILLIS);
            answered = answered && lookUp(socket) && overTcp(port);
            Signals.raise("HUP");
            return answered && lookUp(socket) && overTcp(port) && scrape(adminPort);
        } finally {
            Signals.raise("TERM");
        }
    }

    private boolean awaitAnswer(DatagramSocket socket) {
        for (int i = 0; i < MOST_TRIES; i++) {
            try {
                return exchange(socket, getport(NFS)) > 0;
            } catch (IOException notYet) {
                sleep();
            }
        }
        return false;
    }

    private static void sleep() {
        try {
            Thread.sleep(PATIENCE_MILLIS / 10);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean lookUp(DatagramSocket socket) throws IOException {
        for (int i = 0; i < LOOKUPS; i++) {
            exchange(socket, getport(NFS));
            exchange(socket, getaddr(NFS));
        }
        exchange(socket, getport(UNKNOWN));
        exchange(socket, call(2, 0));
        exchange(socket, call(4, 6));
        socket.send(new DatagramPacket(new byte[3], 3));
        return true;
    }

    private static int exchange(DatagramSocket socket, byte[] call) throws IOException {
        socket.send(new DatagramPacket(call, call.length));
        DatagramPacket reply = new DatagramPacket(new byte[1024], 1024);
        socket.receive(reply);
        return reply.getLength();
    }

    private boolean overTcp(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(ANSWER_MILLIS);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            for (byte[] call : new byte[][] {getport(NFS), getaddr(NFS), call(2, 4), call(4, 4), getport(UNKNOWN)}) {
                out.writeInt(1 << 31 | call.length);
                out.write(call);
                in.readFully(new byte[in.readInt() & Integer.MAX_VALUE]);
            }
        }
        return true;
    }

    /** As a monitor does. */
    private static boolean scrape(int adminPort) throws IOException {
        for (String path : new String[] {"/readyz", "/metrics"}) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), adminPort)) {
                socket.setSoTimeout(ANSWER_MILLIS);
                String request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
                socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                if (socket.getInputStream().readAllBytes().length == 0) {
                    return false;
                }
            }
        }
        return true;
    }

    private byte[] getport(int program) throws IOException {
        return call(2, 3, program, 3, IPPROTO_TCP, 0);
    }

    private byte[] getaddr(int program) throws IOException {
        // Netid "tcp", no address, no owner.
        return call(4, 3, program, 3, 3, 't' << 24 | 'c' << 16 | 'p' << 8, 0, 0);
    }

    /** A call without credential. */
    private byte[] call(int version, int procedure, int... arguments) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (int word : new int[] {xid++, 0, 2, Procedure.PROGRAM, version, procedure, 0, 0, 0, 0}) {
            out.writeInt(word);
        }
        for (int word : arguments) {
            out.writeInt(word);
        }
        return bytes.toByteArray();
    }
}

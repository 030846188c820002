package org.rpcward.proxy.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Plays raw exchanges from a host of the lab, by an {@link Agent} that runs there. Thread-safe. */
final class Caller implements AutoCloseable {
    static final String ANY_SOURCE = "-";
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Long enough for anything that would come to come; short enough for hundreds of silences. */
    private static final Duration QUIET = Duration.ofMillis(300);

    private static final Duration WEB_PATIENCE = Duration.ofSeconds(30);

    private static final HexFormat HEX = HexFormat.of();

    private final Running agent;
    private final PrintStream out;
    private final Map<Integer, CompletableFuture<String>> waiting = new ConcurrentHashMap<>();
    private final AtomicInteger numbers = new AtomicInteger();

    /** How a datagram was answered: {@code reply} is null for silence. */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    record Datagram(byte @Nullable [] reply, String from, int fromPort) {
        String hex() {
            return reply == null ? "silence" : HEX.formatHex(reply);
        }

        byte[] orFail() {
            if (reply == null) {
                throw new AssertionError("no reply");
            }
            return reply;
        }
    }

    /** What came back on a connection. */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    record Stream(byte[] received, boolean open, boolean refused) {
        List<byte[]> records() {
            return Calls.records(received);
        }

        String hex() {
            return HEX.formatHex(received) + (open ? " open" : refused ? " refused" : " closed");
        }
    }

    Caller(Host host) {
        agent = host.converse(Programs.labProgram(Agent.class));
        out = new PrintStream(agent.process().getOutputStream(), true, StandardCharsets.US_ASCII);
        BufferedReader in = agent.process().inputReader(StandardCharsets.US_ASCII);
        try {
            String line = in.readLine();
            if (!"ready".equals(line)) {
                throw new IllegalStateException("the agent said " + line + ": " + agent.diagnostics());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread reader = new Thread(() -> readAll(in), "agent-reader");
        reader.setDaemon(true);
        reader.start();
    }

    private void readAll(BufferedReader in) {
        try {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                int space = line.indexOf(' ');
                CompletableFuture<String> answer = waiting.remove(Integer.parseInt(line.substring(0, space)));
                if (answer != null) {
                    answer.complete(line.substring(space + 1));
                }
            }
        } catch (IOException e) {
            waiting.values().forEach(w -> w.completeExceptionally(e));
        }
        waiting.values().forEach(w -> w.completeExceptionally(new IllegalStateException("the agent is gone")));
    }

    private synchronized CompletableFuture<String> ask(String exchange) {
        int number = numbers.incrementAndGet();
        CompletableFuture<String> answer = new CompletableFuture<>();
        waiting.put(number, answer);
        out.println(number + " " + exchange);
        return answer.orTimeout(60, TimeUnit.SECONDS);
    }

    /** An exchange over UDP that is still going on. */
    CompletableFuture<Datagram> udpLater(
            String source, int sourcePort, String to, int port, Duration patience, byte[] call) {
        String exchange = String.join(
                " ",
                "udp",
                source,
                Integer.toString(sourcePort),
                to,
                Integer.toString(port),
                Long.toString(patience.toMillis()),
                HEX.formatHex(call));
        return ask(exchange).thenApply(Caller::datagram);
    }

    /**
     * Sends a datagram and, from the same socket, a ping behind it: whether the ping was answered. The kernel gives both to
     * the same socket of rpcward, so by then the first was handled.
     */
    CompletableFuture<Boolean> probe(String source, int sourcePort, String to, int port, byte[] call) {
        String exchange = String.join(
                " ",
                "probe",
                source,
                Integer.toString(sourcePort),
                to,
                Integer.toString(port),
                Long.toString(PATIENCE.toMillis()),
                HEX.formatHex(call));
        return ask(exchange).thenApply(said -> {
            if (said.startsWith("failed")) {
                throw new AssertionError(said);
            }
            return said.equals("served");
        });
    }

    private static Datagram datagram(String said) {
        String[] words = said.split(" ", -1);
        return switch (words[0]) {
            case "reply" -> new Datagram(HEX.parseHex(words[3]), words[1], Integer.parseInt(words[2]));
            case "silence", "unreachable" -> new Datagram(null, words[0], 0);
            default -> throw new AssertionError(said);
        };
    }

    /** The answer of a web server on this host, head and body. */
    String get(int port, String path) {
        String request = "GET " + path + " HTTP/1.0\r\nHost: 127.0.0.1:" + port + "\r\n\r\n";
        return tcpLater(
                        ANY_SOURCE,
                        0,
                        "127.0.0.1",
                        port,
                        WEB_PATIENCE,
                        WEB_PATIENCE,
                        Integer.MAX_VALUE,
                        false,
                        List.of(request.getBytes(StandardCharsets.US_ASCII)))
                .thenApply(page -> new String(page.received(), StandardCharsets.UTF_8))
                .join();
    }

    Datagram udp(String to, byte[] call) {
        return udpLater(ANY_SOURCE, 0, to, 111, PATIENCE, call).join();
    }

    /** The same, for a call that is to have no answer. */
    Datagram quietUdp(String to, byte[] call) {
        return udpLater(ANY_SOURCE, 0, to, 111, QUIET, call).join();
    }

    /**
     * An exchange over TCP that is still going on.
     *
     * @param wanted bytes after which nothing more is expected
     */
    CompletableFuture<Stream> tcpLater(
            String source,
            int sourcePort,
            String to,
            int port,
            Duration patience,
            Duration quiet,
            int wanted,
            boolean halfClose,
            List<byte[]> segments) {
        String exchange = String.join(
                " ",
                "tcp",
                source,
                Integer.toString(sourcePort),
                to,
                Integer.toString(port),
                Long.toString(patience.toMillis()),
                Long.toString(quiet.toMillis()),
                Integer.toString(wanted),
                halfClose ? "HALF" : "WHOLE",
                segments.stream().map(HEX::formatHex).collect(Collectors.joining(",")));
        return ask(exchange).thenApply(said -> {
            String[] words = said.split(" ", -1);
            if (words.length != 2) {
                throw new AssertionError(said);
            }
            byte[] received = words[0].equals("-") ? new byte[0] : HEX.parseHex(words[0]);
            return new Stream(received, words[1].equals("open"), words[1].equals("refused"));
        });
    }

    /** Sends segments, says that this is all, and reads until the connection ends. */
    Stream tcp(String to, byte[]... segments) {
        return tcpLater(ANY_SOURCE, 0, to, 111, PATIENCE, QUIET, Integer.MAX_VALUE, true, Arrays.asList(segments))
                .join();
    }

    /** Sends segments and reads what comes, until nothing more does or the connection ends. */
    Stream openTcp(String to, byte[]... segments) {
        return tcpLater(ANY_SOURCE, 0, to, 111, PATIENCE, QUIET, 0, false, Arrays.asList(segments))
                .join();
    }

    /** Whether a connection that sends calls, so many times, and reads nothing, is still open after a while. */
    CompletableFuture<Boolean> glut(String to, int port, Duration patience, int times, byte[] bytes) {
        return glut(ANY_SOURCE, to, port, patience, times, bytes);
    }

    /** The same from a source. */
    CompletableFuture<Boolean> glut(String source, String to, int port, Duration patience, int times, byte[] bytes) {
        String exchange = String.join(
                " ",
                "glut",
                source,
                "0",
                to,
                Integer.toString(port),
                Long.toString(patience.toMillis()),
                Integer.toString(times),
                HEX.formatHex(bytes));
        return ask(exchange).thenApply(said -> {
            if (!said.equals("open") && !said.equals("closed")) {
                throw new AssertionError(said);
            }
            return said.equals("open");
        });
    }

    /** Sends so many datagrams as fast as that goes, from so many sources, one of each of as many /24. */
    CompletableFuture<Void> flood(String source, int sources, String to, int times, byte[] call) {
        String exchange = String.join(
                " ",
                "flood",
                source,
                "-",
                to,
                "111",
                Integer.toString(sources),
                Integer.toString(times),
                HEX.formatHex(call));
        return ask(exchange).thenAccept(said -> {
            if (!said.equals("sent")) {
                throw new AssertionError(said);
            }
        });
    }

    /** How many connections were answered on, and stay open; and how many ended instead. */
    record Held(int kept, int refused) {}

    /** Opens so many connections, asks on each, and keeps those on which an answer came until this caller is closed. */
    Held hold(String source, String to, int times, byte[] record) {
        String said = said("hold", source, "0", to, "111", Integer.toString(times), HEX.formatHex(record));
        String[] words = said.split(" ", -1);
        return new Held(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
    }

    /** Asks once more on all connections that are held for a source: on how many an answer came. */
    int again(String source, byte[] record) {
        return Integer.parseInt(said("again", source, HEX.formatHex(record)));
    }

    /** So many sources, from the first address on, of which each sends so many datagrams. */
    void udpCrowd(String first, int sources, String to, int times, byte[] call) {
        crowd(first, "udp", to, sources, times, call);
    }

    /** So many sources, from the first address on, of which each asks once over TCP and waits for what comes. */
    void tcpCrowd(String first, int sources, String to, byte[] record) {
        crowd(first, "tcp", to, sources, 1, record);
    }

    private void crowd(String first, String transport, String to, int sources, int times, byte[] bytes) {
        said(
                "crowd",
                first,
                transport,
                to,
                "111",
                Integer.toString(sources),
                Integer.toString(times),
                HEX.formatHex(bytes));
    }

    private String said(String... exchange) {
        String said = ask(String.join(" ", exchange)).join();
        if (said.startsWith("failed")) {
            throw new AssertionError(said);
        }
        return said;
    }

    /** How many of the connections that were tried opened within a time, and how many of those rpcward closed. */
    record Knocked(int opened, int closed) {}

    /** Tries so many connections at once, and sends bytes on those that open. */
    CompletableFuture<Knocked> knock(
            String source, int sourcePort, String to, Duration patience, int times, byte[] bytes) {
        String exchange = String.join(
                " ",
                "knock",
                source,
                Integer.toString(sourcePort),
                to,
                "111",
                Long.toString(patience.toMillis()),
                Integer.toString(times),
                HEX.formatHex(bytes));
        return ask(exchange).thenApply(said -> {
            if (said.startsWith("failed")) {
                throw new AssertionError(said);
            }
            String[] words = said.split(" ", -1);
            return new Knocked(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
        });
    }

    @Override
    public void close() {
        out.close();
        agent.close();
    }
}

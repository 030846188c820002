package org.rpcward.proxy.admin;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Asks the admin server over its socket: one request a connection, as plain as HTTP/1.1 can be. */
public final class ControlClient implements Closeable {
    /** The longest answer that is taken, in bytes. */
    private static final int LONGEST_ANSWER = 32 << 20;

    private static final int LONGEST_LINE = 8 << 10;

    private final SocketChannel channel;
    private final InputStream in;

    /**
     * What was answered.
     *
     * @param body all of it
     */
    public record Reply(int status, String body) {}

    private ControlClient(SocketChannel channel) {
        this.channel = channel;
        this.in = new BufferedInputStream(Channels.newInputStream(channel));
    }

    /**
     * Opens a connection.
     *
     * @throws IOException when nobody answers there, or may not be asked
     */
    public static ControlClient connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new ControlClient(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Asks, and waits for the whole answer. */
    public Reply ask(String method, String verb, Map<String, String> parameters) throws IOException {
        try (Body body = begin(method, verb, parameters)) {
            byte[] all = body.in.readNBytes(LONGEST_ANSWER + 1);
            if (all.length > LONGEST_ANSWER) {
                throw new IOException("the answer has no end");
            }
            return new Reply(body.status, new String(all, StandardCharsets.UTF_8));
        }
    }

    /** Asks for something whose answer comes in pieces. */
    public Body begin(String method, String verb, Map<String, String> parameters) throws IOException {
        String query = parameters.entrySet().stream()
                .map(p -> encoded(p.getKey()) + "=" + encoded(p.getValue()))
                .collect(Collectors.joining("&", parameters.isEmpty() ? "" : "?", ""));
        String request = method + " " + Control.API + verb + query + " HTTP/1.1\r\nHost: localhost\r\n"
                + "Connection: close\r\nContent-Length: 0\r\n\r\n";
        ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        return new Body();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        int c = in.read();
        while (c >= 0 && c != '\n' && line.length() < LONGEST_LINE) {
            if (c != '\r') {
                line.append((char) c);
            }
            c = in.read();
        }
        if (c != '\n') {
            throw new EOFException("the answer ends in the middle");
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** The body of an answer. */
    public final class Body implements Closeable {
        private final int status;
        private final InputStream in;

        private Body() throws IOException {
            String[] first = line().split(" ", 3);
            if (first.length < 2 || !first[0].startsWith("HTTP/1.") || !first[1].matches("[0-9]{3}")) {
                throw new IOException("what answers there is not rpcward");
            }
            status = Integer.parseInt(first[1]);
            Map<String, String> headers = new HashMap<>();
            String header = line();
            while (!header.isEmpty()) {
                int colon = header.indexOf(':');
                headers.put(
                        header.substring(0, Math.max(0, colon)).toLowerCase(Locale.ROOT),
                        header.substring(colon + 1).trim());
                header = line();
            }
            boolean chunked = "chunked".equals(headers.get("transfer-encoding"));
            in = chunked ? new Chunks() : ControlClient.this.in;
        }

        public int status() {
            return status;
        }

        /** Ends with the answer. */
        public InputStream in() {
            return in;
        }

        @Override
        public void close() throws IOException {
            ControlClient.this.close();
        }
    }

    /** Takes the chunks of a body apart (RFC 9112, section 7.1). */
    private final class Chunks extends InputStream {
        private int left;
        private boolean begun;
        private boolean ended;

        @Override
        public int read() throws IOException {
            return next() ? taken(in.read()) : -1;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (!next()) {
                return -1;
            }
            int count = in.read(bytes, offset, Math.min(length, left));
            if (count < 0) {
                throw new EOFException("the answer ends in the middle");
            }
            left -= count;
            return count;
        }

        private int taken(int c) throws IOException {
            if (c < 0) {
                throw new EOFException("the answer ends in the middle");
            }
            left--;
            return c;
        }

        /** Whether there is more, which is at hand then. */
        private boolean next() throws IOException {
            if (left == 0 && !ended) {
                if (begun) {
                    line();
                }
                begun = true;
                left = size(line());
                ended = left == 0;
            }
            return !ended;
        }

        private int size(String text) throws IOException {
            if (!text.matches("[0-9A-Fa-f]{1,7}")) {
                throw new IOException("what answers there is not rpcward");
            }
            return Integer.parseInt(text, 16);
        }
    }
}

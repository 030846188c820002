package org.rpcward.proxy.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges with a real rpcbind 1.2.6, captured on hosts with the addresses of the lab: {@code golden/vectors.jsonl},
 * one a line, and {@code golden/backends.jsonl}, what was registered.
 */
final class GoldenVectors {
    private static final HexFormat HEX = HexFormat.of();

    private GoldenVectors() {}

    /**
     * What is sent, and between whom.
     *
     * @param segments one datagram, or what a stream carries, cut as it was sent
     */
    record Request(String transport, String client, String server, int clientPort, List<byte[]> segments) {
        boolean isUdp() {
            return transport.startsWith("udp");
        }

        /** Whether the server's host itself asks. */
        boolean isFromServersHost() {
            return client.startsWith("127.") || client.equals("::1") || client.equals(Lab.PROXY_OTHER_V4);
        }
    }

    /**
     * One exchange.
     *
     * @param first what others sent before
     * @param response bytes as they came; null for none
     * @param isOpen whether a connection was open afterwards
     * @param outcome the response in words
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    record Vector(
            String name,
            String backend,
            Request request,
            boolean halfClose,
            List<Request> first,
            byte @Nullable [] response,
            boolean isOpen,
            List<Volatile> volatiles,
            String outcome) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Bytes of a response that are different each time. */
    record Volatile(int offset, int length) {}

    /**
     * An rpcbind.
     *
     * @param deny a line of hosts.deny, or ""
     * @param prelude calls from its own host that made its table what it is
     */
    record Backend(
            String name,
            List<String> arguments,
            String deny,
            List<Rpcbind.Registration> registrations,
            List<Request> prelude) {}

    static Map<String, Backend> backends() {
        Map<String, Backend> backends = new LinkedHashMap<>();
        for (String line : lines("backends.jsonl")) {
            Map<String, Object> object = Json.object(line);
            List<Rpcbind.Registration> registrations = new ArrayList<>();
            for (Object row : list(object, "registrations")) {
                List<?> fields = (List<?>) row;
                registrations.add(new Rpcbind.Registration(
                        number(fields.get(0)),
                        number(fields.get(1)),
                        String.valueOf(fields.get(2)),
                        String.valueOf(fields.get(3))));
            }
            Backend backend = new Backend(
                    text(object, "name"),
                    list(object, "arguments").stream().map(String::valueOf).toList(),
                    text(object, "deny"),
                    registrations,
                    requests(object, "prelude"));
            backends.put(backend.name(), backend);
        }
        return backends;
    }

    static Backend backend(String name) {
        return Objects.requireNonNull(backends().get(name), name);
    }

    static List<Vector> vectors() {
        return lines("vectors.jsonl").stream().map(GoldenVectors::vector).toList();
    }

    private static Vector vector(String line) {
        Map<String, Object> object = Json.object(line);
        List<Volatile> volatiles = new ArrayList<>();
        for (Object range : list(object, "volatile")) {
            List<?> fields = (List<?>) range;
            volatiles.add(new Volatile(number(fields.get(0)), number(fields.get(1))));
        }
        return new Vector(
                text(object, "name"),
                text(object, "backend"),
                request(object),
                object.containsKey("half_close"),
                requests(object, "first"),
                object.containsKey("response") ? HEX.parseHex(text(object, "response")) : null,
                text(object, "connection").equals("open"),
                volatiles,
                text(object, "outcome"));
    }

    private static List<Request> requests(Map<String, Object> object, String key) {
        List<Request> requests = new ArrayList<>();
        for (Object request : list(object, key)) {
            Map<String, Object> fields = new LinkedHashMap<>();
            ((Map<?, ?>) request).forEach((k, v) -> fields.put(String.valueOf(k), v));
            requests.add(request(fields));
        }
        return requests;
    }

    private static Request request(Map<String, Object> object) {
        String transport = text(object, "transport");
        boolean v4 = transport.endsWith("4");
        String client = text(object, "client");
        String server = text(object, "server");
        return new Request(
                transport,
                client.isEmpty() ? (v4 ? Lab.CLIENT_V4 : Lab.CLIENT_V6) : client,
                server.isEmpty() ? (v4 ? Lab.PROXY_V4 : Lab.PROXY_V6) : server,
                object.containsKey("client_port") ? number(object.get("client_port")) : 0,
                list(object, "request").stream()
                        .map(segment -> HEX.parseHex(String.valueOf(segment)))
                        .toList());
    }

    private static String text(Map<String, Object> object, String key) {
        Object value = object.get(key);
        return value == null ? "" : value.toString();
    }

    private static List<?> list(Map<String, Object> object, String key) {
        return object.get(key) instanceof List<?> list ? list : List.of();
    }

    private static int number(@Nullable Object value) {
        if (value instanceof Long number) {
            return number.intValue();
        }
        throw new IllegalArgumentException("no number: " + value);
    }

    static List<String> lines(String resource) {
        try (InputStream in = GoldenVectors.class.getResourceAsStream("/golden/" + resource)) {
            if (in == null) {
                throw new IllegalStateException("no golden/" + resource);
            }
            return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

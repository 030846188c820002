package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.proxy.it.Differences.Difference;
import org.rpcward.proxy.it.GoldenVectors.Backend;
import org.rpcward.proxy.it.GoldenVectors.Request;
import org.rpcward.proxy.it.GoldenVectors.Vector;

/*
 * Each table of registrations has an rpcbind of its own, at a port of its own, and a listener of its own in front of it:
 * so one rpcward serves them all, and all vectors are played at the same time. What an rpcbind was told by its own host
 * to come to its table, it is told by its own host here too.
 */
/** What a real rpcbind said to 483 calls, and what rpcward says to them in front of a real rpcbind. */
@RequiresLab(programs = {"rpcbind", "sed"})
class GoldenVectorsIT extends Opened {
    private static final int FIRST_BACKEND_PORT = 2000;
    private static final int FIRST_PORT = 3000;
    private static final int SYSTEM_ERR = 5;

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration QUIET = Duration.ofMillis(300);

    private static final HexFormat HEX = HexFormat.of();

    private final Differences differences = Differences.load();
    private final Map<String, Backend> backends = GoldenVectors.backends();
    private final Map<String, Vector> vectors = new LinkedHashMap<>();
    private final Map<String, Integer> ports = new LinkedHashMap<>();
    private final Map<String, String> said = new LinkedHashMap<>();
    private final Map<String, String> saidWithinBudget = new LinkedHashMap<>();
    private final Map<String, byte[]> tablesBefore = new LinkedHashMap<>();
    private final Map<String, byte[]> statisticsBefore = new LinkedHashMap<>();
    private final Map<String, byte[]> tablesAfter = new LinkedHashMap<>();
    private final Map<String, byte[]> statisticsAfter = new LinkedHashMap<>();

    @BeforeAll
    void play(@TempDir Path directory) throws Exception {
        GoldenVectors.vectors().forEach(v -> vectors.put(v.name(), v));
        Lab lab = opened(new Lab(directory));
        Caller client = opened(new Caller(lab.client()));
        Caller ownHost = opened(new Caller(lab.proxy()));
        Map<String, Rpcbind> running = startBackends(lab);
        running.forEach((name, rpcbind) -> {
            tablesBefore.put(name, rpcbind.dump());
            statisticsBefore.put(name, rpcbind.statistics());
        });

        try (Rpcward rpcward = Rpcward.start(lab.proxy(), policy("amplification: { udp: 100 }"))) {
            vectors.values().forEach(v -> said.put(v.name(), ""));
            playAll(client, ownHost, List.copyOf(vectors.values()), said);
            rpcward.writePolicy(policy(""));
            rpcward.process().signal("HUP");
            rpcward.awaitLog("\"event\":\"reload\",\"result\":\"ok\"");
            playAll(
                    client,
                    ownHost,
                    vectors.values().stream().filter(v -> v.request().isUdp()).toList(),
                    saidWithinBudget);
        }
        running.forEach((name, rpcbind) -> {
            tablesAfter.put(name, rpcbind.dump());
            statisticsAfter.put(name, rpcbind.statistics());
        });
        List<String> lines = new ArrayList<>();
        said.forEach((name, text) -> lines.add(name + " | " + differences.abbreviate(text)));
        Files.write(Path.of("target", "golden-said.txt"), lines);
    }

    private Map<String, Rpcbind> startBackends(Lab lab) {
        Map<String, Rpcbind> running = new LinkedHashMap<>();
        Caller backendsOwn = opened(new Caller(lab.backend()));
        int number = 0;
        for (Backend backend : backends.values()) {
            int port = FIRST_BACKEND_PORT + number;
            // The largest group is asked where portmappers are asked.
            ports.put(backend.name(), backend.name().equals("nfs") ? 111 : FIRST_PORT + number);
            Rpcbind.Options options = new Rpcbind.Options().ownRun().port(port).arguments(backend.arguments());
            if (!backend.deny().isEmpty()) {
                options.deny(backend.deny());
            }
            Rpcbind rpcbind = opened(Rpcbind.start(lab.backend(), options));
            rpcbind.set(backend.registrations());
            backend.prelude().forEach(r -> send(backendsOwn, r, port, PATIENCE).join());
            running.put(backend.name(), rpcbind);
            number++;
        }
        return running;
    }

    private static <V> V of(Map<String, V> map, String name) {
        return Objects.requireNonNull(map.get(name), name);
    }

    private String policy(String more) {
        StringBuilder listeners = new StringBuilder();
        StringBuilder behind = new StringBuilder();
        int number = 0;
        for (String name : backends.keySet()) {
            listeners.append("""
                      %s:
                        bind: [s0, s1, 127.0.0.1, "::1"]
                        port: %d
                        backend: %s
                        workers: 1
                        tcp: { max_per_source: 500, new_per_source: 500, max_per_prefix: 1000 }
                    """.formatted(name, of(ports, name), name));
            behind.append(
                    "  %s: { address: \"%s:%d\" }\n".formatted(name, Lab.BACKEND_V4, FIRST_BACKEND_PORT + number));
            number++;
        }
        return "version: 1\nlisteners:\n" + listeners + "backends:\n" + behind
                + "rules: [{ name: all, from: any, then: allow }]\n" + more + "\n";
    }

    private void playAll(Caller client, Caller ownHost, List<Vector> played, Map<String, String> results) {
        Map<String, CompletableFuture<String>> later = new LinkedHashMap<>();
        for (Vector v : played) {
            Caller caller = v.request().isFromServersHost() ? ownHost : client;
            v.first()
                    .forEach(r ->
                            send(caller, r, of(ports, v.backend()), PATIENCE).join());
            CompletableFuture<String> text = play(caller, v);
            later.put(v.name(), text);
            if (v.request().clientPort() != 0) {
                // Another vector may want the same port.
                text.join();
            }
        }
        later.forEach((name, text) -> results.put(name, text.join()));
    }

    private CompletableFuture<String> play(Caller caller, Vector v) {
        String wanted = wanted(v);
        int port = of(ports, v.backend());
        if (v.request().isUdp()) {
            return send(caller, v.request(), port, wanted.equals("silence") ? QUIET : PATIENCE)
                    .thenApply(d -> said(v, port, d));
        }
        int bytes = wanted.endsWith(" closed") ? Integer.MAX_VALUE : bytes(wanted);
        return caller.tcpLater(
                        Caller.ANY_SOURCE,
                        0,
                        v.request().server(),
                        port,
                        PATIENCE,
                        QUIET,
                        bytes,
                        v.halfClose(),
                        v.request().segments())
                .thenApply(GoldenVectorsIT::said);
    }

    private static CompletableFuture<Caller.Datagram> send(Caller caller, Request r, int port, Duration patience) {
        return caller.udpLater(
                r.client(),
                r.clientPort(),
                r.server(),
                port,
                patience,
                r.segments().get(0));
    }

    /** How many bytes come when all is said that is written so. */
    private static int bytes(String wanted) {
        int bytes = 0;
        for (String word : wanted.split(" ", -1)) {
            bytes += word.equals("open") ? 0 : 4 + word.length() / 2;
        }
        return bytes;
    }

    private static String said(Vector v, int port, Caller.Datagram d) {
        if (d.reply() == null) {
            return "silence";
        }
        boolean right =
                d.fromPort() == port && sameAddress(d.from(), v.request().server());
        return right ? d.hex() : "from " + d.from() + " port " + d.fromPort() + " " + d.hex();
    }

    private static boolean sameAddress(String one, String other) {
        try {
            return java.net.InetAddress.getByName(one).equals(java.net.InetAddress.getByName(other));
        } catch (java.net.UnknownHostException e) {
            throw new AssertionError(one + " " + other, e);
        }
    }

    /** The messages of a stream and how it ended. All of rpcward's have one fragment. */
    private static String said(Caller.Stream stream) {
        StringBuilder text = new StringBuilder();
        byte[] again = {};
        for (byte[] message : stream.records()) {
            text.append(HEX.formatHex(message)).append(' ');
            again = Calls.concat(again, Calls.record(message));
        }
        String end = stream.open() ? "open" : stream.refused() ? "refused" : "closed";
        return java.util.Arrays.equals(again, stream.received())
                ? text + end
                : "stream=" + HEX.formatHex(stream.received()) + " " + end;
    }

    /** What is to be said to a vector: what the table of differences has, or else what rpcbind said. */
    private String wanted(Vector v) {
        Difference difference = differences.of(v.name());
        return difference == null ? rpcbindSaid(v) : differences.expand(difference.says());
    }

    private static String rpcbindSaid(Vector v) {
        byte[] response = v.response();
        StringBuilder hex = new StringBuilder(response == null ? "" : HEX.formatHex(response));
        v.volatiles()
                .forEach(r -> hex.replace(2 * r.offset(), 2 * (r.offset() + r.length()), ".".repeat(2 * r.length())));
        if (v.request().isUdp()) {
            return response == null ? "silence" : hex.toString();
        }
        StringBuilder text = new StringBuilder();
        int at = 0;
        while (at < hex.length()) {
            long mark = Long.parseLong(hex.substring(at, at + 8), 16);
            int end = at + 8 + 2 * (int) (mark & 0x7fff_ffff);
            text.append(hex, at + 8, end).append((mark & 0x8000_0000L) == 0 ? "+" : " ");
            at = end;
        }
        return text + (v.isOpen() ? "open" : "closed");
    }

    List<Vector> vectors() {
        return GoldenVectors.vectors();
    }

    List<Vector> datagrams() {
        return vectors().stream().filter(v -> v.request().isUdp()).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("vectors")
    void rpcwardSaysWhatRpcbindSaidOrWhatTheTableOfDifferencesHas(Vector v) {
        String wanted = wanted(v);
        String is = of(said, v.name());

        assertThat(Differences.matches(wanted, is))
                .as(
                        "%s%nrpcbind said  %s: %s%nwanted        %s%nrpcward says  %s",
                        v.name(), v.outcome(), rpcbindSaid(v), wanted, differences.abbreviate(is))
                .isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("datagrams")
    void withinTheDefaultBudgetAReplyLargerThanItsCallIsAnErrorInstead(Vector v) {
        String whole = of(said, v.name());
        byte[] call = v.request().segments().get(0);
        boolean fits = whole.equals("silence") || whole.length() / 2 <= call.length;
        String error = HEX.formatHex(Calls.concat(
                call.length < 4 ? new byte[4] : java.util.Arrays.copyOf(call, 4), Calls.words(1, 0, 0, 0, SYSTEM_ERR)));
        String wanted = fits ? wanted(v) : error;

        assertThat(Differences.matches(wanted, of(saidWithinBudget, v.name())))
                .as("%s%nwanted        %s%nrpcward says  %s", v.name(), wanted, of(saidWithinBudget, v.name()))
                .isTrue();
    }

    @Test
    void noDifferenceIsListedThatIsNone() {
        List<String> none = differences.byVector().keySet().stream()
                .filter(name -> !vectors.containsKey(name)
                        || Differences.matches(rpcbindSaid(of(vectors, name)), of(said, name)))
                .toList();

        assertThat(none).as("listed, and not different").isEmpty();
    }

    @Test
    void everyDifferenceHasAReasonThatIsExplained() {
        assertThat(differences.byVector().values())
                .allSatisfy(d -> assertThat(differences.reasons())
                        .containsKeys(d.reasons().toArray(String[]::new)));
        assertThat(differences.reasons().keySet())
                .allSatisfy(reason -> assertThat(differences.byVector().values())
                        .anySatisfy(d -> assertThat(d.reasons()).contains(reason)));
    }

    @Test
    void nothingThatAnyVectorAsksReachesRpcbindButListings() {
        assertThat(tablesAfter)
                .allSatisfy((name, table) -> assertThat(table).as(name).isEqualTo(of(tablesBefore, name)));
        statisticsAfter.forEach((name, after) -> {
            for (int version = 2; version <= 4; version++) {
                for (int procedure : new int[] {1, 2, 3, 5, 6, 7, 8, 9, 10, 11}) {
                    assertThat(Statistics.calls(after, version, procedure))
                            .as("calls of procedure %d, version %d, to %s", procedure, version, name)
                            .isEqualTo(Statistics.calls(of(statisticsBefore, name), version, procedure));
                }
            }
        });
    }
}

package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One source abuses TCP, and another asks on and on meanwhile, over UDP and on connections that it keeps: each of its calls
 * is answered and none of its connections ends. What became of the connections of the first is counted by its reason, and
 * nothing else is. The abuser is a source that the policy allows, which may do more than a stranger.
 */
@RequiresLab(programs = {})
class AbuseIT extends Opened {
    private static final int NFS = 100_003;
    private static final int TCP = 6;
    private static final int PER_SOURCE = 8;
    private static final int PER_PREFIX = 12;
    private static final int NEW_AT_ONCE = 5;
    private static final int SLOW_PORT = 1111;
    private static final int FEW_PORT = 1112;
    private static final int BOTH_PORT = 1113;
    private static final int FEW = 4;
    private static final int CONNECTIONS = 2;
    private static final String ABUSER = "203.0.113.9";

    /** Of the prefix of the abuser; no rule names it. */
    private static final String STRANGER = "203.0.113.10";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final byte[] CALL = Calls.getPort(7, NFS, 3, TCP);
    private static final byte[] REPLY = Calls.words(7, 1, 0, 0, 0, 0, 2049);

    /** AUTH_TOOWEAK. */
    private static final byte[] REFUSAL = Calls.words(7, 1, 1, 1, 5);

    private static final Pattern COUNT =
            Pattern.compile("(?m)^rpcward_tcp_(?:connections|closed)_total\\{.*(?:result|reason)=\"(\\w+)\"\\} (\\d+)");

    private static final String POLICY = """
            version: 1
            listeners:
              lan:
                bind: [s0]
                workers: 1
                tcp:
                  { first_record: 1500ms, record: 1500ms, idle: 3s, max_per_source: 8, max_per_prefix: 12, max_calls: 1000000 }
              slow: { bind: [s0], port: 1111, workers: 1, tcp: { idle: 3s, max_per_source: 8, new_per_source: 1 } }
              both: { bind: [s0], port: 1113, workers: 1, tcp: { idle: 3s, max_per_source: 8, new_per_prefix: 1 } }
              few: { bind: [s0], port: 1112, workers: 1, tcp: { idle: 3s, max_per_source: 8, max_connections: 4 } }
            backends: { table: { registry: [{ program: nfs, version: 3, netid: [tcp, udp], port: 2049 }] } }
            rules: [{ name: all ask, from: [192.0.2.2, 203.0.113.9], call: [ping, lookup, list], then: allow }]
            default: refuse
            log: { allow: none }
            admin: { http: "127.0.0.1:9111", socket: off }
            """;

    private Lab lab;
    private Caller scraper;
    private Caller abuser;
    private Steady client;
    private Map<String, Long> before;

    @BeforeAll
    void start(@TempDir Path directory) {
        lab = opened(new Lab(directory));
        lab.client().ip("addr add " + STRANGER + "/32 dev lo\n");
        lab.proxy().ip("route add " + STRANGER + "/32 via " + Lab.CLIENT_V4 + "\n");
        opened(Rpcward.start(lab.proxy(), POLICY));
        scraper = opened(new Caller(lab.proxy()));
    }

    @BeforeEach
    void begin() {
        abuser = new Caller(lab.client());
        client = new Steady(lab.client(), Lab.PROXY_V4, 2, CONNECTIONS, 2, List.of(NFS + "/3"));
        // The client's own connections are not to be counted with those of the abuser.
        await("the client is connected")
                .atMost(PATIENCE)
                .until(() -> gauge("rpcward_tcp_connections{listener=\"lan\"}") == CONNECTIONS);
        before = counts();
    }

    @AfterEach
    void end() {
        abuser.close();
        client.close();
        await("everybody is gone")
                .atMost(PATIENCE)
                .until(() -> gauge("rpcward_tcp_connections{listener=\"lan\"}") == 0
                        && gauge("rpcward_tcp_connections{listener=\"slow\"}") == 0
                        && gauge("rpcward_tcp_connections{listener=\"both\"}") == 0
                        && gauge("rpcward_tcp_connections{listener=\"few\"}") == 0);
    }

    private String metrics() {
        return scraper.get(9111, "/metrics");
    }

    private long gauge(String series) {
        Matcher value =
                Pattern.compile("(?m)^" + Pattern.quote(series) + " (\\d+)").matcher(metrics());
        assertThat(value.find()).isTrue();
        return Long.parseLong(value.group(1));
    }

    /** Connections by what became of them at the door and by why they ended, those of none left out. */
    private Map<String, Long> counts() {
        Map<String, Long> counts = new java.util.TreeMap<>();
        Matcher count = COUNT.matcher(metrics());
        while (count.find()) {
            counts.merge(count.group(1), Long.valueOf(count.group(2)), Long::sum);
        }
        return counts;
    }

    /** What was counted since the test began. */
    private Map<String, Long> counted() {
        Map<String, Long> now = counts();
        before.forEach((what, count) -> now.merge(what, -count, Long::sum));
        now.values().removeIf(count -> count == 0);
        return now;
    }

    private void awaitCounted(Map<String, Long> expected) {
        await("connections are counted")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(counted()).isEqualTo(expected));
    }

    /** The other source was answered each time, on the connections that it began with. */
    private void assertNobodyElseWasHurt() {
        Map<String, Long> did = client.stop();
        assertThat(did).doesNotContainKeys("udp lost", "tcp lost", "closed");
        assertThat(did.get("udp answered")).isEqualTo(did.get("udp sent")).isGreaterThan(100);
        assertThat(did.get("tcp answered")).isEqualTo(did.get("tcp sent")).isGreaterThan(100);
        assertThat(did.get("connections")).isEqualTo(CONNECTIONS);
        assertThat(did.get(NFS + " at 2049"))
                .isEqualTo(did.getOrDefault("udp sent", 0L) + did.getOrDefault("tcp sent", 0L));
    }

    /** So many connections of the abuser at once, all of which do the same, until they are ended. */
    private List<Caller.Stream> all(int connections, byte[]... segments) {
        return all(ABUSER, 111, connections, segments).stream()
                .map(CompletableFuture::join)
                .toList();
    }

    private List<CompletableFuture<Caller.Stream>> all(String source, int port, int connections, byte[]... segments) {
        List<CompletableFuture<Caller.Stream>> later = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            later.add(abuser.tcpLater(
                    source,
                    0,
                    Lab.PROXY_V4,
                    port,
                    PATIENCE,
                    PATIENCE,
                    Integer.MAX_VALUE,
                    false,
                    Arrays.asList(segments)));
        }
        return later;
    }

    /** How many were answered so; the others were turned away before that. */
    private static long answered(List<CompletableFuture<Caller.Stream>> streams, byte[] reply) {
        List<List<byte[]>> received =
                streams.stream().map(s -> s.join().records()).toList();
        assertThat(received)
                .allSatisfy(records -> assertThat(records.isEmpty() || Arrays.equals(records.get(0), reply))
                        .isTrue());
        return received.stream().filter(records -> !records.isEmpty()).count();
    }

    @Test
    void whoHasItsShareOfConnectionsGetsNoMoreAndKeepsThose() {
        Caller.Held held = abuser.hold(ABUSER, Lab.PROXY_V4, 10 * PER_SOURCE, Calls.record(CALL));

        assertThat(held).isEqualTo(new Caller.Held(PER_SOURCE, 9 * PER_SOURCE));
        assertThat(abuser.again(ABUSER, Calls.record(CALL))).isEqualTo(PER_SOURCE);
        awaitCounted(Map.of("accepted", (long) PER_SOURCE, "per_source_limit", 9L * PER_SOURCE));
        assertNobodyElseWasHurt();
    }

    @Test
    void twoOfAPrefixShareWhatThePrefixMayHave() {
        int left = PER_PREFIX - PER_SOURCE;

        assertThat(abuser.hold(ABUSER, Lab.PROXY_V4, PER_SOURCE, Calls.record(CALL)))
                .isEqualTo(new Caller.Held(PER_SOURCE, 0));
        assertThat(abuser.hold(STRANGER, Lab.PROXY_V4, PER_SOURCE, Calls.record(CALL)))
                .isEqualTo(new Caller.Held(left, PER_SOURCE - left));
        awaitCounted(Map.of("accepted", (long) PER_PREFIX, "per_prefix_limit", (long) PER_SOURCE - left));
        assertNobodyElseWasHurt();
    }

    /** The host may be so slow that there is room for one or two more by the time that the last comes. */
    @Test
    void whoConnectsAnewTooOften() {
        long answered = answered(all(ABUSER, SLOW_PORT, PER_SOURCE, Calls.record(CALL)), REPLY);

        assertThat(answered).isBetween((long) NEW_AT_ONCE, PER_SOURCE - 1L);
        awaitCounted(Map.of("accepted", answered, "idle", answered, "rate_limit", PER_SOURCE - answered));
        assertNobodyElseWasHurt();
    }

    @Test
    void twoOfAPrefixThatConnectAnewTooOften() {
        List<CompletableFuture<Caller.Stream>> strangers = all(STRANGER, BOTH_PORT, PER_SOURCE / 2, Calls.record(CALL));
        List<CompletableFuture<Caller.Stream>> known = all(ABUSER, BOTH_PORT, PER_SOURCE / 2, Calls.record(CALL));
        long answered = answered(known, REPLY) + answered(strangers, REFUSAL);

        assertThat(answered).isBetween((long) NEW_AT_ONCE, PER_SOURCE - 1L);
        awaitCounted(Map.of("accepted", answered, "idle", answered, "per_prefix_rate_limit", PER_SOURCE - answered));
        assertNobodyElseWasHurt();
    }

    @Test
    void strangersHaveHalfOfTheConnectionsAndOthersTheRest() {
        List<CompletableFuture<Caller.Stream>> strangers = all(STRANGER, FEW_PORT, PER_SOURCE, Calls.record(CALL));
        awaitCounted(Map.of("accepted", FEW / 2L, "strangers_limit", PER_SOURCE - FEW / 2L));

        List<CompletableFuture<Caller.Stream>> known = all(ABUSER, FEW_PORT, FEW / 2, Calls.record(CALL));

        assertThat(answered(known, REPLY)).isEqualTo(FEW / 2);
        assertThat(answered(strangers, REFUSAL)).isEqualTo(FEW / 2);
        awaitCounted(Map.of("accepted", (long) FEW, "idle", (long) FEW, "strangers_limit", PER_SOURCE - FEW / 2L));
        assertNobodyElseWasHurt();
    }

    @Test
    void recordsInMoreFragmentsThanThereMayBe() {
        byte[] fragments = {};
        for (byte b : CALL) {
            fragments = Calls.concat(fragments, Calls.fragment(new byte[] {b}, false));
        }

        assertThat(all(PER_SOURCE, fragments)).allSatisfy(stream -> {
            assertThat(stream.open()).isFalse();
            assertThat(stream.records()).isEmpty();
        });
        awaitCounted(Map.of("accepted", (long) PER_SOURCE, "protocol", (long) PER_SOURCE));
        assertNobodyElseWasHurt();
    }

    /** Which is allowed, and answered. */
    @Test
    void recordsInAsManyFragmentsAsThereMayBe() {
        byte[][] fragments = new byte[CALL.length / 4][];
        for (int i = 0; i < fragments.length; i++) {
            fragments[i] = Calls.fragment(Arrays.copyOfRange(CALL, 4 * i, 4 * i + 4), i + 1 == fragments.length);
        }

        assertThat(all(PER_SOURCE, fragments))
                .allSatisfy(stream -> assertThat(stream.records()).containsExactly(REPLY));
        awaitCounted(Map.of("accepted", (long) PER_SOURCE, "idle", (long) PER_SOURCE));
        assertNobodyElseWasHurt();
    }

    @Test
    void aByteAMoment() {
        byte[][] first = new byte[CALL.length + 40][];
        byte[] slowly = Calls.record(Calls.concat(CALL, new byte[36]));
        for (int i = 0; i < first.length; i++) {
            first[i] = new byte[] {slowly[i]};
        }
        byte[][] second = Arrays.copyOf(first, first.length);
        second[0] = Calls.concat(Calls.record(CALL), first[0]);

        assertThat(all(PER_SOURCE / 2, first))
                .allSatisfy(stream -> assertThat(stream.hex()).isEqualTo(" closed"));
        assertThat(all(PER_SOURCE / 2, second))
                .allSatisfy(stream -> assertThat(stream.records()).containsExactly(REPLY));
        awaitCounted(Map.of("accepted", 8L, "first_record", 4L, "drip", 4L));
        assertNobodyElseWasHurt();
    }

    @Test
    void repliesThatAreNeverRead() {
        byte[] calls = {};
        for (int i = 0; i < 200; i++) {
            calls = Calls.concat(calls, Calls.record(CALL));
        }
        List<CompletableFuture<Boolean>> gluttons = new ArrayList<>();
        for (int i = 0; i < PER_SOURCE; i++) {
            gluttons.add(abuser.glut(ABUSER, Lab.PROXY_V4, 111, PATIENCE, 100_000, calls));
        }

        assertThat(gluttons)
                .allSatisfy(g -> assertThat(g.join()).as("still open").isFalse());
        awaitCounted(Map.of("accepted", (long) PER_SOURCE, "not_reading", (long) PER_SOURCE));
        assertNobodyElseWasHurt();
    }
}

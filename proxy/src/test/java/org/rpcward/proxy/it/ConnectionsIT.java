package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that only take room: those that say nothing, or not enough, or do not listen. */
@RequiresLab(programs = {})
class ConnectionsIT extends Opened {
    private static final Duration FIRST_RECORD = Duration.ofMillis(700);
    private static final Duration IDLE = Duration.ofMillis(1500);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int PER_SOURCE = 4;
    private static final int MAX_CALLS = 2000;

    private static final String POLICY = """
            version: 1
            listeners:
              lan:
                bind: [s0, s1]
                tcp: { first_record: 700ms, idle: 1500ms, record: 1s, max_per_source: 4, max_calls: 2000 }
            backends: { table: { registry: [{ program: nfs, version: 3, netid: [tcp, udp], port: 2049 }] } }
            rules: [{ name: all, from: any, then: allow }]
            """;

    private Caller caller;
    private Rpcward rpcward;

    @BeforeAll
    void start(@TempDir Path directory) {
        Lab lab = opened(new Lab(directory));
        caller = opened(new Caller(lab.client()));
        rpcward = opened(Rpcward.start(lab.proxy(), POLICY));
    }

    /** How a connection ends that sends these segments and waits; and how long that took. */
    private Duration untilTheEnd(List<byte[]> received, byte[]... segments) {
        long begin = System.nanoTime();
        Caller.Stream stream = caller.tcpLater(
                        Caller.ANY_SOURCE,
                        0,
                        Lab.PROXY_V4,
                        111,
                        PATIENCE,
                        PATIENCE,
                        Integer.MAX_VALUE,
                        false,
                        Arrays.asList(segments))
                .join();
        assertThat(stream.open()).isFalse();
        received.addAll(stream.records());
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @Test
    void aConnectionWithHalfAHeaderEndsSoon() {
        List<byte[]> received = new ArrayList<>();

        assertThat(untilTheEnd(received, new byte[] {(byte) 0x80, 0}))
                .isBetween(FIRST_RECORD, FIRST_RECORD.multipliedBy(3));
        assertThat(received).isEmpty();
    }

    @Test
    void aConnectionThatSaysNothingAfterACallEndsLater() {
        List<byte[]> received = new ArrayList<>();

        assertThat(untilTheEnd(received, Calls.record(Calls.ping(7)))).isBetween(IDLE, IDLE.multipliedBy(3));
        assertThat(received).containsExactly(words(7, 1, 0, 0, 0, 0));
    }

    @Test
    void aByteNowAndThenIsNoSignOfLife() {
        byte[] record = Calls.record(Calls.call(7, 4, 3, Calls.rpcb(100_003, 3, "tcp", "x".repeat(40), "")));
        byte[][] bytes = new byte[record.length][];
        for (int i = 0; i < record.length; i++) {
            bytes[i] = new byte[] {record[i]};
        }
        List<byte[]> received = new ArrayList<>();

        assertThat(untilTheEnd(received, bytes)).isLessThan(FIRST_RECORD.multipliedBy(3));
        assertThat(received).isEmpty();
    }

    @Test
    void oneSourceHasItsShareOfConnectionsAndAnotherItsOwn() {
        List<CompletableFuture<Caller.Stream>> later = new ArrayList<>();
        for (int i = 0; i < 3 * PER_SOURCE; i++) {
            later.add(waiting("198.51.100.2"));
        }
        Caller.Stream other = caller.tcpLater(
                        "203.0.113.9",
                        0,
                        Lab.PROXY_V4,
                        111,
                        PATIENCE,
                        Duration.ofMillis(1),
                        28,
                        false,
                        List.of(Calls.record(Calls.ping(7))))
                .join();

        assertThat(other.records()).containsExactly(words(7, 1, 0, 0, 0, 0));
        assertThat(later.stream().filter(l -> l.join().open())).hasSize(PER_SOURCE);
    }

    /** Says nothing for less than it may. */
    private CompletableFuture<Caller.Stream> waiting(String source) {
        return caller.tcpLater(
                source,
                0,
                Lab.PROXY_OTHER_V4,
                111,
                FIRST_RECORD.dividedBy(2),
                PATIENCE,
                Integer.MAX_VALUE,
                false,
                List.of(new byte[] {(byte) 0x80}));
    }

    @Test
    void aCallThatHasBegunMustBecomeWholeSoonAlsoAfterAnother() {
        List<byte[]> received = new ArrayList<>();

        assertThat(untilTheEnd(received, Calls.record(Calls.ping(7)), new byte[] {(byte) 0x80, 0, 0}))
                .isLessThan(PATIENCE);
        assertThat(received).containsExactly(words(7, 1, 0, 0, 0, 0));
    }

    @Test
    void aConnectionEndsWithTheReplyToItsLastCallThoughMoreWasSent() {
        byte[][] pings = new byte[MAX_CALLS + 500][];
        for (int i = 0; i < pings.length; i++) {
            pings[i] = Calls.record(Calls.ping(i));
        }
        List<byte[]> received = new ArrayList<>();

        assertThat(untilTheEnd(received, Calls.concat(pings))).isLessThan(PATIENCE);
        assertThat(received).hasSize(MAX_CALLS);
        assertThat(received.get(MAX_CALLS - 1)).isEqualTo(words(MAX_CALLS - 1, 1, 0, 0, 0, 0));
    }

    @Test
    void aPeerThatDoesNotReadIsCutAndDelaysNobody() {
        byte[] listings = {};
        for (int i = 0; i < 50; i++) {
            listings = Calls.concat(listings, Calls.record(Calls.call(i, 4, 4)));
        }
        List<CompletableFuture<Boolean>> gluttons = new ArrayList<>();
        for (int i = 0; i < PER_SOURCE - 1; i++) {
            gluttons.add(caller.glut(Lab.PROXY_V4, 111, PATIENCE, 100_000, listings));
        }
        while (!gluttons.stream().allMatch(CompletableFuture::isDone)) {
            assertThat(caller.udp(Lab.PROXY_V4, Calls.ping(7)).reply()).isNotNull();
        }

        assertThat(gluttons)
                .allSatisfy(g -> assertThat(g.join()).as("still open").isFalse());
        assertThat(rpcward.residentMegabytes()).isLessThan(400);
        assertThat(rpcward.diagnostics() + rpcward.log()).doesNotContain("Exception", "\tat ", "LEAK");
    }
}

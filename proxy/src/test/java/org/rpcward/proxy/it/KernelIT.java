package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.Policies;

/** What the kernel does for rpcward: filters on sockets, and sockets of their own for known sources. */
@Alone
@RequiresLab(programs = {"ss"})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KernelIT {
    private static final Duration QUIET = Duration.ofMillis(500);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int NFS = 100_003;
    private static final byte[] LOOKUP = Calls.getPort(7, NFS, 3, 6);
    private static final int SOURCES = 48;
    private static final int CALLS = 50;
    private static final String FLOODERS = "100.64.0.1";

    private static final String HEAD = """
            version: 1
            listeners: { lan: { bind: [s0] } }
            backends: { table: { registry: [{ program: nfs, version: 3, netid: [tcp, udp], port: 2049 }] } }
            log: { deny: { one_per: 1s } }
            """;

    /** One network is known; what others send can only be dropped. */
    private static final String DROPS = HEAD + """
            groups: { clients: [100.64.0.0/16, 192.0.2.0/24, "2001:db8:ffff:1::/64", "2001:db8:a::/64"] }
            rules: [{ name: some, from: clients, call: [lookup, ping], then: allow }]
            """;

    private static final String DROPS_OVER_TCP = DROPS.replace(
            "rules: [",
            "rules: [{ name: builtin/strangers, from: any, not: { from: clients }, call: [register, indirect],"
                    + " then: drop }, ");

    private final List<AutoCloseable> always = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private Lab lab;
    private Caller caller;

    @BeforeAll
    void lab(@TempDir Path directory) {
        lab = new Lab(directory);
        always.add(lab);
        // Every address of two networks is the client's.
        lab.client().shell("""
                echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind
                echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind
                """).orFail();
        lab.client().ip("""
                route add local 100.64.0.0/10 dev lo
                route add local 2001:db8:ffff::/48 dev lo
                """);
        lab.proxy().ip("""
                route add 100.64.0.0/10 via 192.0.2.2
                route add 2001:db8:ffff::/48 via 2001:db8:a::2
                """);
        caller = new Caller(lab.client());
        always.add(caller);
    }

    @AfterAll
    void closeLab() throws Exception {
        closeAll(always);
    }

    @AfterEach
    void close() throws Exception {
        closeAll(open);
    }

    private static void closeAll(List<AutoCloseable> resources) throws Exception {
        for (int i = resources.size() - 1; i >= 0; i--) {
            resources.remove(i).close();
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.add(resource);
        return resource;
    }

    private static void reload(Rpcward rpcward, String policy) {
        int before = rpcward.events("reload").size();
        rpcward.writePolicy(policy);
        rpcward.process().signal("HUP");
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> rpcward.events("reload").size() > before);
        assertThat(rpcward.events("reload").get(before).get("result")).isEqualTo("ok");
    }

    /** How many datagrams the sockets of rpcward dropped, by the kernel's own table. */
    private long dropped() {
        String table =
                lab.proxy().shell("cat /proc/net/udp /proc/net/udp6").orFail().output();
        return table.lines()
                .map(line -> line.trim().split("\\s+"))
                .filter(words -> words.length == 13 && words[1].endsWith(":006F"))
                .mapToLong(words -> Long.parseLong(words[12]))
                .sum();
    }

    /** Has the kernel drop what strangers send, which it does only while they send much. */
    private void provoke(Rpcward rpcward) {
        int before = rpcward.events("kernel").size();
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            caller.flood("100.70.0.9", 1, Lab.PROXY_V4, 200, LOOKUP).join();
            return rpcward.events("kernel").size() > before;
        });
    }

    private static IpAddress source(Random random) {
        if (random.nextBoolean()) {
            return IpAddress.v4(0x64400000 | random.nextInt(1 << 22));
        }
        return new IpAddress(0x2001_0db8_ffff_0000L | random.nextInt(4), random.nextInt(1 << 12) + 1);
    }

    private static String prefix(Random random) {
        IpAddress at = source(random);
        int bits = at.isV4() ? 10 + random.nextInt(12) : random.nextBoolean() ? 64 : 118 + random.nextInt(10);
        long mask = at.isV4() ? -1L << (32 - bits) : bits == 64 ? 0 : -1L << (128 - bits);
        return "\"" + new IpAddress(at.high(), at.low() & (at.isV4() ? mask | 0xffff_0000_0000L : mask)) + "/" + bits
                + "\"";
    }

    private static String randomPolicy(Random random) {
        StringBuilder groups = new StringBuilder();
        StringBuilder rules = new StringBuilder();
        for (int i = 0; i < 5; i++) {
            String prefixes = random.ints(3, 0, 1).mapToObj(x -> prefix(random)).collect(Collectors.joining(", "));
            groups.append("  g").append(i).append(": [").append(prefixes).append("]\n");
            List<String> verbs = List.of("allow", "allow", "hide", "refuse", "drop");
            rules.append("  - { name: r" + i + ", from: g" + i)
                    .append(random.nextInt(3) == 0 ? ", over: tcp" : "")
                    .append(random.nextInt(2) == 0 ? ", call: lookup" : "")
                    .append(random.nextInt(4) == 0 ? ", mode: audit" : "")
                    .append(", then: " + verbs.get(random.nextInt(verbs.size())) + " }\n");
        }
        String byDefault = random.nextInt(5) == 0 ? "default: hide\n" : "";
        return HEAD + byDefault + "groups:\n" + groups + "rules:\n" + rules;
    }

    /** Each source is answered as the policy decides; and it was the kernel that dropped what is silenced. */
    @Test
    void whoIsAnsweredIsWhoThePolicySays() {
        Random random = new Random(42);
        Rpcward rpcward = opened(Rpcward.start(lab.proxy(), DROPS));
        provoke(rpcward);
        long silencedInAll = 0;
        for (int round = 0; round < 6; round++) {
            String text = randomPolicy(random);
            Policy policy = Policies.load(text);
            reload(rpcward, text);
            long before = dropped();
            long silenced = 0;
            List<IpAddress> sources = new ArrayList<>();
            List<Verdict> verdicts = new ArrayList<>();
            List<CompletableFuture<Caller.Datagram>> replies = new ArrayList<>();
            for (int i = 0; i < SOURCES; i++) {
                IpAddress source = source(random);
                Query query = new Query(source, Transport.UDP, 2, Procedure.GETPORT, NFS, 3);
                Verdict verdict = policy.rules().decide(query).verdict();
                sources.add(source);
                verdicts.add(verdict);
                String to = source.isV4() ? Lab.PROXY_V4 : Lab.PROXY_V6;
                Duration patience = verdict == Verdict.DROP ? QUIET : PATIENCE;
                replies.add(caller.udpLater(source.toString(), 0, to, 111, patience, LOOKUP));
                silenced += policy.silencedOver(Transport.UDP).contains(source) ? 1 : 0;
            }
            for (int i = 0; i < SOURCES; i++) {
                assertThat(replies.get(i).join().reply() == null)
                        .as("%s %s in %s", sources.get(i), verdicts.get(i), text)
                        .isEqualTo(verdicts.get(i) == Verdict.DROP);
            }
            // One in a thousand passes the filter, and is dropped behind it.
            assertThat(dropped() - before).as(text).isBetween(Math.max(0, silenced - 2), silenced);
            silencedInAll += silenced;
        }
        assertThat(silencedInAll).isGreaterThan(SOURCES);
    }

    @Test
    void inAuditModeNothingIsDropped() {
        Rpcward rpcward = opened(Rpcward.start(lab.proxy(), DROPS));
        provoke(rpcward);
        long before = dropped();
        for (int i = 0; i < 10; i++) {
            assertThat(caller.udpLater("100.70.0.1", 0, Lab.PROXY_V4, 111, QUIET, LOOKUP)
                            .join()
                            .reply())
                    .isNull();
        }
        assertThat(dropped() - before).isBetween(9L, 10L);
        before = dropped();

        reload(rpcward, DROPS.replace("version: 1", "version: 1\nmode: audit"));

        for (String stranger : List.of("100.70.0.1", "2001:db8:ffff:3::1")) {
            String to = stranger.startsWith("1") ? Lab.PROXY_V4 : Lab.PROXY_V6;
            assertThat(caller.udpLater(stranger, 0, to, 111, PATIENCE, LOOKUP)
                            .join()
                            .orFail())
                    .isEqualTo(words(7, 1, 0, 0, 0, 0, 2049));
        }
        assertThat(dropped()).isEqualTo(before);
    }

    /** Whoever asks now and then is in the log each time, known or not; who asks much is not worth that. */
    @Test
    void theKernelDropsOnlyWhileThereIsMuchToDrop() {
        Rpcward rpcward = opened(Rpcward.start(lab.proxy(), DROPS));
        assertThat(caller.udpLater("100.71.0.1", 0, Lab.PROXY_V4, 111, QUIET, LOOKUP)
                        .join()
                        .reply())
                .isNull();
        rpcward.awaitLog("\"event\":\"call\".*\"source\":\"100.71.0.1\".*\"verdict\":\"drop\"");
        assertThat(dropped()).isZero();

        provoke(rpcward);
        int told = rpcward.events("kernel").size();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> rpcward.events("kernel").size() > told);
        long before = dropped();
        assertThat(caller.udpLater("100.71.0.2", 0, Lab.PROXY_V4, 111, QUIET, LOOKUP)
                        .join()
                        .reply())
                .isNull();
        rpcward.awaitLog("\"event\":\"call\".*\"source\":\"100.71.0.2\".*\"verdict\":\"drop\"");
        assertThat(dropped()).isEqualTo(before);
    }

    /** Strangers as many as there are: with a filter, and where they are answered, so that there can be none. */
    @Test
    void aFloodOfStrangersCostsAKnownClientNoCall() {
        for (String policy : List.of(DROPS, DROPS + "default: hide\n")) {
            Rpcward rpcward = Rpcward.start(lab.proxy(), policy);
            try (rpcward;
                    Steady steady = new Steady(lab.client(), Lab.PROXY_V4, 4, 1, 2, List.of(NFS + "/3"))) {
                long before = dropped();
                List<CompletableFuture<Void>> floods = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    floods.add(caller.flood("100.7" + i + ".0.9", 100, Lab.PROXY_V4, 60_000, LOOKUP));
                }
                floods.forEach(CompletableFuture::join);
                Map<String, Long> counts = steady.stop();

                assertThat(counts).doesNotContainKeys("udp lost", "tcp lost", "closed");
                assertThat(counts.get("udp answered")).isEqualTo(counts.get("udp sent"));
                if (policy.equals(DROPS)) {
                    assertThat(dropped() - before).isBetween(150_000L, 180_000L);
                    // The few that passed are told, once a second for each source.
                    rpcward.awaitLog("\"event\":\"call\".*\"source\":\"100.7.*\"verdict\":\"drop\"");
                }
            }
        }
    }

    /**
     * In the names of known clients comes more than can be answered: without compiled code, rpcward is slow enough for
     * that. It comes from so few addresses that these are regular clients soon, too. Who was here before them loses no
     * call all the same, while others lose each.
     */
    @Test
    void inAFloodInTheNamesOfKnownClientsRegularClientsHaveQueuesOfTheirOwn() {
        String everybodyIsKnown = HEAD.replace("bind: [s0]", "bind: [s0], workers: 1") + """
                groups: { clients: [100.64.0.0/10, 192.0.2.0/24] }
                rules: [{ name: some, from: clients, call: [lookup, ping], then: allow }]
                """;
        AtomicBoolean over = new AtomicBoolean();
        try (Rpcward rpcward = Rpcward.start(lab.proxy(), everybodyIsKnown, Map.of("RPCWARD_JAVA_OPTS", "-Xint"))) {
            // One answer in sixteen is noted; and who was here a few seconds before the flood did not come with it.
            long here = System.nanoTime() + Duration.ofSeconds(5).toNanos();
            for (int i = 0; i < 500 || System.nanoTime() < here; i++) {
                caller.udp(Lab.PROXY_V4, LOOKUP);
            }
            CompletableFuture<Void> flood = floodUntil(over);
            rpcward.awaitLog("\"event\":\"kernel\".*queues of their own for regular clients");
            rpcward.awaitLog("\"event\":\"kernel\".*for those who were here before the flood");
            // What waited before this answer was read before it.
            awaitAnswer();
            rpcward.process().pause();
            over.set(true);
            flood.join();
            caller.flood(FLOODERS, 250, Lab.PROXY_V4, 48_000, LOOKUP).join();

            long lost = dropped();
            ask("100.100.0.1", QUIET).forEach(CompletableFuture::join);
            assertThat(dropped() - lost).isEqualTo(CALLS);
            lost = dropped();
            long sent = sent();
            List<CompletableFuture<Caller.Datagram>> regular = ask(Caller.ANY_SOURCE, Duration.ofSeconds(30));
            await().until(() -> sent() == sent + CALLS);
            assertThat(dropped()).isEqualTo(lost);
            rpcward.process().resume();
            regular.forEach(reply -> reply.join().orFail());
        }
    }

    private List<CompletableFuture<Caller.Datagram>> ask(String source, Duration patience) {
        return IntStream.range(0, CALLS)
                .mapToObj(i -> caller.udpLater(source, 0, Lab.PROXY_V4, 111, patience, LOOKUP))
                .toList();
    }

    /** How many datagrams the client's host has sent. */
    private long sent() {
        String line =
                lab.client().shell("grep '^Udp: [0-9]' /proc/net/snmp").orFail().output();
        return Long.parseLong(line.trim().split(" ", -1)[4]);
    }

    private void awaitAnswer() {
        Duration patience = Duration.ofSeconds(1);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> caller.udpLater(Caller.ANY_SOURCE, 0, Lab.PROXY_V4, 111, patience, LOOKUP)
                                .join()
                                .reply()
                        != null);
    }

    private CompletableFuture<Void> floodUntil(AtomicBoolean over) {
        return caller.flood(FLOODERS, 250, Lab.PROXY_V4, 48_000, LOOKUP)
                .thenCompose(sent -> over.get() ? CompletableFuture.completedFuture(null) : floodUntil(over));
    }

    @Test
    void silencedSourcesGetNoConnectionAndOneInAThousandDoes() {
        Rpcward rpcward = opened(Rpcward.start(lab.proxy(), DROPS_OVER_TCP));
        byte[] ping = Calls.record(Calls.ping(7));
        for (String known : List.of("100.64.1.1", "2001:db8:ffff:1::7")) {
            String to = known.startsWith("1") ? Lab.PROXY_V4 : Lab.PROXY_V6;
            Caller.Stream stream = caller.tcpLater(
                            known, 0, to, 111, PATIENCE, QUIET, 2 * 28, false, List.of(ping, ping))
                    .join();
            assertThat(stream.records()).containsExactly(words(7, 1, 0, 0, 0, 0), words(7, 1, 0, 0, 0, 0));
        }
        for (String stranger : List.of("100.70.0.1", "2001:db8:ffff:3::1")) {
            String to = stranger.startsWith("1") ? Lab.PROXY_V4 : Lab.PROXY_V6;
            int tried = 0;
            int opened = 0;
            int closed = 0;
            while (opened == 0 && tried < 30_000) {
                Caller.Knocked knocked = caller.knock(stranger, 20_000 + tried, to, QUIET, 500, ping)
                        .join();
                opened += knocked.opened();
                closed += knocked.closed();
                tried += 500;
            }
            assertThat(opened).as("of %d", tried).isBetween(1, 30);
            assertThat(closed).isEqualTo(opened);
            rpcward.awaitLog("\"event\":\"call\".*\"source\":\"" + stranger + "\",\"transport\":\"tcp\".*\"drop\"");
        }

        // Where something is said to strangers over TCP, they are let in to hear it.
        reload(rpcward, DROPS);
        assertThat(caller.knock("100.70.0.1", 60_000, Lab.PROXY_V4, QUIET, 50, ping)
                        .join())
                .isEqualTo(new Caller.Knocked(50, 50));
    }
}

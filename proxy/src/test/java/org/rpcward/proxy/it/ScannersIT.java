package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Those who look for what there is, with the tools that they use, and those who only look like it. */
@RequiresLab(programs = {"rpcbind", "rpcinfo", "nmap"})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScannersIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int TCP = 6;
    private static final int NFS = 100_003;
    private static final byte[] CALL = getPort(1, NFS, 3, TCP);
    private static final byte[] ANSWER = words(1, 1, 0, 0, 0, 0, 2049);
    private static final byte[] TOOWEAK = words(1, 1, 1, 1, 5);
    private static final int WALK = 10_000;
    private static final Pattern WALKED = Pattern.compile("answered=(\\d+) refused=(\\d+) first=(\\d+)");

    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: [s0] } }
            backends: { legacy: { address: "10.111.0.2:111" } }
            groups: { clients: [192.0.2.0/24, "2001:db8:a::/64"] }
            programs: { nfs-family: [nfs, nfs_acl, mountd, nlockmgr, status, rquotad] }
            rules:
              - { name: clients find nfs, from: clients, call: lookup, program: [nfs-family, portmapper], then: allow }
              - { name: clients list, from: clients, call: list, over: tcp, then: %s }
              - { name: clients hear no, from: clients, then: hide }
            enumeration: { throttle_at: 20, ban_at: %s, window: 60s }
            bans: { first: %s }
            """;

    private final List<AutoCloseable> always = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private Path directory;
    private Lab lab;
    private Caller caller;

    @BeforeAll
    void lab(@TempDir Path temporary) {
        directory = temporary;
        lab = new Lab(temporary);
        always.add(lab);
        Rpcbind rpcbind = Rpcbind.start(lab.backend());
        always.add(rpcbind);
        for (String netid : List.of("udp", "tcp", "udp6", "tcp6")) {
            rpcbind.set(NFS, 3, netid, 2049);
            rpcbind.set(100_005, 3, netid, 20_048);
        }
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

    private Rpcward rpcward(String lists, String banAt, String first, Map<String, String> environment) {
        Rpcward rpcward = Rpcward.start(lab.proxy(), String.format(POLICY, lists, banAt, first), environment);
        open.add(rpcward);
        return rpcward;
    }

    private Rpcward rpcward(String lists) {
        return rpcward(lists, "60", "60s", Map.of());
    }

    private Host.Finished run(String command) {
        return lab.client().run(List.of(command.split(" ")), PATIENCE);
    }

    /** How a walk went: answered, refused, the first that was not answered. */
    private int[] walk(String transport, int count) {
        List<String> command = new ArrayList<>(Programs.labProgram(ProgramWalk.class));
        command.addAll(List.of(transport, Lab.CLIENT_V4, Lab.PROXY_V4, Integer.toString(count)));
        Host.Finished walked = lab.client().run(command, PATIENCE).orFail();
        Matcher said = WALKED.matcher(walked.output());
        assertThat(said.find()).as(walked.all()).isTrue();
        return new int[] {
            Integer.parseInt(said.group(1)), Integer.parseInt(said.group(2)), Integer.parseInt(said.group(3))
        };
    }

    private Caller.Stream ask() {
        return caller.tcp(Lab.PROXY_V4, Calls.record(CALL));
    }

    private static Map<String, Object> onlyScanner(Rpcward rpcward) {
        rpcward.awaitLog("\"event\":\"enumeration\"");
        List<Map<String, Object>> events = rpcward.events("enumeration").stream()
                .filter(e -> "throttle".equals(e.get("reached")))
                .toList();
        assertThat(events).hasSize(1);
        return events.get(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"allow", "hide", "drop"})
    void nmapIsNamedOnceByWhatItSends(String lists) {
        Rpcward rpcward = rpcward(lists);
        run("nmap -n -Pn -sV -p 111 --version-all 192.0.2.1").orFail();

        assertThat(onlyScanner(rpcward))
                .containsEntry("source", Lab.CLIENT_V4)
                .containsEntry("transport", "tcp")
                .hasEntrySatisfying("fingerprint", f -> assertThat(f).asString().contains("nmap"));
    }

    @Test
    void nmapsListingIsKnownWhereListsAreDenied() {
        Rpcward rpcward = rpcward("hide");
        run("nmap -n -Pn -p 111 --script rpcinfo 192.0.2.1").orFail();

        assertThat(onlyScanner(rpcward)).containsEntry("fingerprint", "nmap rpcinfo");
    }

    @Test
    void rpcGrindIsKnown() {
        Rpcward rpcward = rpcward("allow");
        // By itself it leaves port 111 alone.
        run("nmap -n -Pn -sV -p 111 --version-intensity 9 --script +rpc-grind 192.0.2.1")
                .orFail();

        rpcward.awaitLog("\"event\":\"enumeration\"");
        assertThat(rpcward.events("enumeration")).hasSizeBetween(1, 2);
    }

    @Test
    void whoWorksAsAlwaysIsNoScanner() {
        Rpcward rpcward = rpcward("allow");
        for (int i = 0; i < 5; i++) {
            for (String command :
                    List.of("rpcinfo -p HOST", "rpcinfo HOST", "rpcinfo -s HOST", "rpcinfo -T udp HOST 100003 3")) {
                run(command.replace("HOST", Lab.PROXY_V4));
            }
        }
        int[] programs = {100_000, 100_003, 100_005, 100_021, 100_024, 100_011, 100_227};
        for (int round = 0; round < 5; round++) {
            for (int program : programs) {
                assertThat(caller.udp(Lab.PROXY_V4, getPort(1, program, 3, 17)).reply())
                        .isNotNull();
                assertThat(caller.tcp(Lab.PROXY_V4, Calls.record(getPort(1, program, 3, TCP)))
                                .records())
                        .hasSize(1)
                        .doesNotContain(TOOWEAK);
            }
        }
        assertThat(rpcward.events("enumeration")).isEmpty();
    }

    @Test
    void aWalkOverUdpIsThrottledWithinTwentyQuestionsAndNamedOnce() {
        Rpcward rpcward = rpcward("allow");
        int[] walked = walk("udp", WALK);

        assertThat(walked[2]).isBetween(2, 20);
        assertThat(walked[0]).isLessThan(60);
        assertThat(onlyScanner(rpcward)).containsEntry("transport", "udp").containsEntry("source", Lab.CLIENT_V4);
        assertThat(rpcward.events("ban")).isEmpty();
        assertThat(ask().records()).containsExactly(ANSWER);
    }

    @Test
    void aWalkOverTcpIsThrottledAndThenBanned() {
        Rpcward rpcward = rpcward("allow");
        int[] walked = walk("tcp", WALK);

        assertThat(walked[2]).isBetween(2, 20);
        assertThat(walked[0] + walked[1]).isLessThan(80);
        onlyScanner(rpcward);
        rpcward.awaitLog("\"event\":\"ban\"");
        assertThat(rpcward.events("ban"))
                .singleElement()
                .satisfies(ban -> assertThat(ban)
                        .containsEntry("source", Lab.CLIENT_V4)
                        .containsEntry("reason", "enumeration")
                        .containsEntry("kind", "automatic"));
        assertThat(ask().records()).isEmpty();
        assertThat(caller.quietUdp(Lab.PROXY_V4, CALL).hex()).isEqualTo("silence");
    }

    /** Datagrams in the name of the best client: it is served over TCP all the while, and soon over UDP, and never banned. */
    @Test
    void whoIsForgedIsServedOverTcpAndNeverBanned() {
        Rpcward rpcward = rpcward("allow");
        CompletableFuture<int[]> walk = CompletableFuture.supplyAsync(() -> walk("udp", 200_000));
        AtomicInteger asked = new AtomicInteger();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> {
            assertThat(ask().records()).containsExactly(ANSWER);
            asked.incrementAndGet();
            return walk.isDone();
        });
        assertThat(walk.join()[2]).isBetween(2, 20);
        assertThat(asked).hasPositiveValue();
        // A question a second over UDP.
        await().atMost(Duration.ofSeconds(5))
                .until(() -> caller.quietUdp(Lab.PROXY_V4, CALL).reply() != null);
        assertThat(rpcward.events("ban")).isEmpty();
        onlyScanner(rpcward);
    }

    @Test
    void aBanSurvivesTheEndOfTheProcessAndEndsInTime() throws Exception {
        Path state = Files.createDirectory(directory.resolve("bans"));
        Map<String, String> environment = Map.of("STATE_DIRECTORY", state.toString());
        Rpcward first = rpcward("allow", "60", "15s", environment);
        walk("tcp", WALK);
        first.awaitLog("\"event\":\"ban\"");
        long banned = System.nanoTime();
        await().atMost(Duration.ofSeconds(5))
                .until(() -> Files.exists(state.resolve("bans"))
                        && Files.readString(state.resolve("bans")).contains("ban " + Lab.CLIENT_V4 + "/32 automatic "));
        first.process().signal("KILL");
        first.process().exit(Duration.ofSeconds(5));

        Rpcward second = rpcward("allow", "60", "15s", environment);
        assertThat(ask().records()).isEmpty();
        assertThat(second.events("state")).isEmpty();
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> ask().records().size() == 1);
        assertThat(Duration.ofNanos(System.nanoTime() - banned))
                .isBetween(Duration.ofSeconds(13), Duration.ofSeconds(19));
        second.awaitLog("\"event\":\"unban\"");
        assertThat(second.events("unban"))
                .singleElement()
                .satisfies(unban ->
                        assertThat(unban).containsEntry("source", Lab.CLIENT_V4).containsEntry("reason", "expired"));

        // Told by a policy that it never bans the client, rpcward lifts the second, longer ban.
        walk("tcp", WALK);
        assertThat(ask().records()).isEmpty();
        second.writePolicy(String.format(POLICY, "allow", "60", "15s").replace("bans: {", "bans: { never: clients,"));
        second.process().signal("HUP");
        second.awaitLog("\"reason\":\"never\"");
        assertThat(ask().records()).hasSize(1);
    }

    @Test
    void aFileOfBansThatIsNotWhatWasWrittenIsToldOfAndBansNobody() throws Exception {
        Path state = Files.createDirectory(directory.resolve("wrong"));
        Files.writeString(
                state.resolve("bans"), "rpcward-bans 1\nban 0.0.0.0/0 manual 2999-01-01T00:00:00Z 1 0 0 + +\n");
        Rpcward rpcward = rpcward("allow", "60", "60s", Map.of("STATE_DIRECTORY", state.toString()));

        assertThat(ask().records()).containsExactly(ANSWER);
        rpcward.awaitLog("\"event\":\"state\"");
        assertThat(rpcward.events("state"))
                .singleElement()
                .satisfies(event -> assertThat(event)
                        .hasEntrySatisfying(
                                "reason", r -> assertThat(r).asString().contains("/bans is not what was written")));
    }
}

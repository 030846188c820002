package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.words;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.proxy.it.Questions.Question;

/** The policy is exchanged again and again while clients go on asking. */
@RequiresLab(programs = {"rpcbind", "tcpdump"})
class ReloadIT extends Opened {
    private static final int TCP = 6;
    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final int RELOADS = 50;
    private static final int SOCKETS = 4;
    private static final int CONNECTIONS = 4;

    private static final String BACKEND = "{ address: \"10.111.0.2:111\", fresh: 1h, stale: 2h, retry: 1m }";

    /** Both let nfs be found; mountd only the first does. */
    private static final String OPEN = policy(BACKEND, "[nfs, mountd]", "");

    private static final String CLOSED = policy(BACKEND, "nfs", "");

    private Lab lab;
    private Caller caller;

    private static String policy(String backend, String programs, String groups) {
        return """
                version: 1
                listeners: { lan: { bind: [s0] } }
                backends: { legacy: %s }
                groups: { everybody: { prefixes: [0.0.0.0/0, "::/0"] }%s }
                rules:
                  - { name: some find some, from: everybody, call: lookup, program: %s, then: allow }
                  - { name: the rest, from: everybody, call: lookup, then: hide }
                  - { name: some list, from: everybody, call: list, over: tcp, then: allow }
                """.formatted(backend, groups, programs);
    }

    @BeforeAll
    void lab(@TempDir Path directory) {
        lab = new Lab(directory);
        opened(lab);
        caller = new Caller(lab.client());
        opened(caller);
        Rpcbind rpcbind = Rpcbind.start(lab.backend());
        opened(rpcbind);
        rpcbind.set(NFS, 3, "tcp", 2049);
        rpcbind.set(MOUNTD, 3, "tcp", 20_048);
    }

    private int port(int program) {
        return Calls.word(caller.udp(Lab.PROXY_V4, getPort(1, program, 3, TCP)).orFail(), 6);
    }

    /** Reloads, and waits until the log tells how that went. */
    private static String reload(Rpcward rpcward, String policy) {
        int before = rpcward.events("reload").size();
        rpcward.writePolicy(policy);
        rpcward.process().signal("HUP");
        await().alias("the reload is told")
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> rpcward.events("reload").size() > before);
        return String.valueOf(rpcward.events("reload").get(before).get("result"));
    }

    @Test
    void fiftyReloadsLoseNoCallAndCloseNoConnectionAndAskTheBackendNothing() {
        Capture capture = openedForThis(new Capture(lab.backend(), "b0", "port 111"));
        Rpcward rpcward = openedForThis(Rpcward.start(lab.proxy(), OPEN));
        assertThat(port(MOUNTD)).isEqualTo(20_048);
        Steady steady = openedForThis(
                new Steady(lab.client(), Lab.PROXY_V4, SOCKETS, CONNECTIONS, 2, List.of(NFS + "/3", MOUNTD + "/3")));

        for (int i = 0; i < RELOADS; i++) {
            boolean opens = i % 2 == 1;
            assertThat(reload(rpcward, opens ? OPEN : CLOSED)).isEqualTo("ok");
            // From the log's word on, it is so.
            assertThat(port(MOUNTD)).isEqualTo(opens ? 20_048 : 0);
            assertThat(port(NFS)).isEqualTo(2049);
            if (i % 10 == 0) {
                assertThat(reload(rpcward, "version: 1\nrules: nonsense\n")).isEqualTo("invalid");
                assertThat(reload(rpcward, OPEN.replace("bind: [s0]", "bind: [nowhere0]")))
                        .isEqualTo("io");
                assertThat(reload(rpcward, OPEN.replace("bind: [s0]", "bind: [198.51.100.77]")))
                        .isEqualTo("io");
                assertThat(port(MOUNTD)).isEqualTo(opens ? 20_048 : 0);
            }
        }
        Map<String, Long> counts = steady.stop();
        List<Question> questions = Questions.of(capture.packets());

        assertThat(counts)
                .doesNotContainKeys("udp lost", "tcp lost", "closed", NFS + " at an error", MOUNTD + " at an error")
                .containsEntry("connections", (long) CONNECTIONS)
                .containsEntry("udp answered", counts.get("udp sent"))
                .containsEntry("tcp answered", counts.get("tcp sent"));
        assertThat(counts.get(MOUNTD + " at 20048")).as(counts.toString()).isGreaterThan(100);
        assertThat(counts.get(MOUNTD + " at 0")).as(counts.toString()).isGreaterThan(100);
        assertThat(counts.keySet().stream().filter(k -> k.startsWith(NFS + " at")))
                .containsExactly(NFS + " at 2049");
        // Once at the start; nothing about the backend has changed since.
        assertThat(questions).singleElement().matches(Question::isDump);
        assertThat(rpcward.diagnostics()).doesNotContain("Exception", "\tat ");
    }

    @Test
    void aBackendWhoseSettingsChangeIsAnsweredForFromWhatWasKnownOfIt() {
        String elsewhere = OPEN.replace("10.111.0.2:111", "10.111.0.2:1111");
        byte[] answer = words(1, 1, 0, 0, 0, 0, 4049);
        Rpcward rpcward;
        try (Rpcbind other =
                Rpcbind.start(lab.backend(), new Rpcbind.Options().ownRun().port(1111))) {
            other.set(NFS, 3, "tcp", 4049);
            rpcward = openedForThis(Rpcward.start(lab.proxy(), elsewhere));
            assertThat(overTcp(NFS)).isEqualTo(answer);
        }

        // Nobody is there any more whom the new one could ask.
        assertThat(reload(rpcward, elsewhere.replace("fresh: 1h", "fresh: 1s").replace("1m }", "100ms }")))
                .isEqualTo("ok");

        assertThat(overTcp(NFS)).isEqualTo(answer);
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    assertThat(overTcp(NFS)).isEqualTo(answer);
                    return rpcward.log().contains("\"state\":\"down\"");
                });
    }

    private byte[] overTcp(int program) {
        return caller.tcp(Lab.PROXY_V4, Calls.record(getPort(1, program, 3, TCP)))
                .records()
                .get(0);
    }

    /** Each makes a new client of the backend, and large tables for the rules, and listings that are kept. */
    @Test
    void reloadsThatChangeEverythingLeaveNothingBehind() throws Exception {
        StringBuilder prefixes = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            prefixes.append("10.").append(i >> 8).append('.').append(i & 0xff).append(".0/25\n");
        }
        Rpcward rpcward = openedForThis(Rpcward.start(lab.proxy(), OPEN));
        Files.writeString(rpcward.policy().resolveSibling("many.txt"), prefixes);
        List<Long> megabytes = new ArrayList<>();
        List<Integer> files = new ArrayList<>();
        for (int i = 0; i < RELOADS; i++) {
            String backend = BACKEND.replace("1h", (50 + i % 2) + "m");
            String policy = policy(backend, "[nfs, mountd]", ", many: { file: many.txt }")
                    .replace(
                            "rules:\n",
                            "rules:\n  - { name: many, from: many, call: lookup, program: nfs, then: allow }\n");
            assertThat(reload(rpcward, policy)).isEqualTo("ok");
            for (int version = 2; version <= 4; version++) {
                assertThat(caller.tcp(Lab.PROXY_V4, Calls.record(Calls.call(1, version, 4)))
                                .records())
                        .hasSize(1);
            }
            if (i == RELOADS / 5 || i == RELOADS - 1) {
                megabytes.add(usedMegabytes(rpcward));
                files.add(openFiles(rpcward));
            }
        }

        assertThat(megabytes.get(1)).as("MiB of heap: %s", megabytes).isLessThan(megabytes.get(0) + 8);
        assertThat(files.get(1)).as("open files: %s", files).isLessThan(files.get(0) + 4);
        assertThat(rpcward.residentMegabytes()).isLessThan(400);
    }

    /** What is left on the heap after a collection; what is resident where there is no jcmd. */
    private static long usedMegabytes(Rpcward rpcward) {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        if (!Files.isExecutable(jcmd)) {
            return rpcward.residentMegabytes();
        }
        rpcward.jcmd("GC.run");
        String said = rpcward.jcmd("GC.heap_info");
        return java.util.regex.Pattern.compile("used (\\d+)K")
                        .matcher(said)
                        .results()
                        // The two generations; the metaspace and its part for classes come after them.
                        .limit(2)
                        .mapToLong(r -> Long.parseLong(r.group(1)))
                        .sum()
                >> 10;
    }

    private static int openFiles(Rpcward rpcward) throws IOException {
        try (Stream<Path> files =
                Files.list(Path.of("/proc/" + rpcward.process().pid() + "/fd"))) {
            return (int) files.count();
        }
    }

    @Test
    void aListenerIsRenamedAndWidenedAndItsHostGetsAddressesWithoutLosingACall() {
        Rpcward rpcward = openedForThis(Rpcward.start(lab.proxy(), OPEN.replace("{ bind", "{ workers: 1, bind")));
        Steady steady =
                openedForThis(new Steady(lab.client(), Lab.PROXY_V4, SOCKETS, CONNECTIONS, 2, List.of(NFS + "/3")));
        for (int i = 0; i < 12; i++) {
            String listener = "lan" + i % 2 + ": { workers: " + (1 + i / 4) + ", bind";
            assertThat(reload(rpcward, OPEN.replace("lan: { bind", listener))).isEqualTo("ok");
            assertThat(port(NFS)).isEqualTo(2049);
        }
        String last = OPEN.replace("lan: { bind", "lan1: { workers: 3, bind");
        lab.proxy().ip("""
                addr add 192.0.2.77/24 dev s0
                addr add 2001:db8:a::77/64 dev s0 nodad
                """);
        assertThat(reload(rpcward, last)).isEqualTo("ok");
        for (String added : List.of("192.0.2.77", "2001:db8:a::77")) {
            byte[] reply = caller.udp(added, getPort(1, NFS, 3, TCP)).orFail();
            assertThat(reply).isEqualTo(words(1, 1, 0, 0, 0, 0, 2049));
        }
        lab.proxy().ip("""
                addr del 192.0.2.77/24 dev s0
                addr del 2001:db8:a::77/64 dev s0
                """);
        assertThat(reload(rpcward, last)).isEqualTo("ok");

        assertThat(steady.stop())
                .doesNotContainKeys("udp lost", "tcp lost", "closed", NFS + " at an error")
                .containsEntry("connections", (long) CONNECTIONS);
        // A narrower one serves on, with fewer sockets. What was in the queues of the others is lost.
        assertThat(reload(rpcward, last.replace("workers: 3", "workers: 1"))).isEqualTo("ok");
        assertThat(port(NFS)).isEqualTo(2049);
    }
}

package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rpcward.proxy.it.HostileBackend.Trouble;

/** How rpcward starts, fails to start, reloads and ends, and what its verbs say to a script. */
@RequiresLab(programs = {"rpcbind", "setpriv", "cp", "chmod"})
class RunCommandIT extends Opened {
    private static final int DONE = 0;
    private static final int FAILED = 1;
    private static final int POLICY_INVALID = 3;

    private static final int SLOW_PORT = 4000;
    private static final int SILENT_PORT = 4001;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** The registry of the policy answers: no backend is needed. */
    private static final String REGISTRY = """
            backends: { table: { registry: [{ program: nfs, version: 3, netid: [tcp, udp, tcp6, udp6], port: 2049 }] } }
            limits: { plenty: { rate: 100000/s, per: rule } }
            rules: [{ name: all, from: any, then: allow, limit: plenty }]
            """;

    private static final String GOOD = "version: 1\nlisteners: { lan: { bind: [s0] } }\n" + REGISTRY;

    private Path directory;
    private Lab lab;
    private Caller caller;
    private int files;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        directory = temporary;
        lab = opened(new Lab(directory));
        caller = opened(new Caller(lab.client()));
        Running backend = opened(lab.backend()
                .converse(Programs.labProgram(
                        HostileBackend.class, SLOW_PORT + "=" + Trouble.SLOW, SILENT_PORT + "=" + Trouble.SILENT)));
        assertThat(backend.process().inputReader().readLine()).isEqualTo("ready");
    }

    private Path file(String text) throws Exception {
        Path file = directory.resolve("policy-of-run-" + ++files + ".yaml");
        return Files.writeString(file, text);
    }

    private Host.Finished rpcward(String... arguments) {
        return lab.proxy().run(Rpcward.command(arguments), Rpcward.ENVIRONMENT, PATIENCE);
    }

    private Host.Finished run(String policy) throws Exception {
        return rpcward("run", "--policy", file(policy).toString());
    }

    private byte[] nfsPort(String host) {
        return caller.udp(host, Calls.getPort(7, 100_003, 3, 17)).orFail();
    }

    private boolean answers(String host) {
        return caller.quietUdp(host, Calls.ping(7)).reply() != null;
    }

    // Where it is asked and told what to do.

    @Test
    void aSecondOneSaysThatItHasNoControlSocket() throws Exception {
        Path runtime = Files.createDirectory(directory.resolve("runtime"));
        Map<String, String> environment = Map.of("RUNTIME_DIRECTORY", runtime.toString());
        String socket = "control socket " + runtime.resolve("admin.sock");
        try (Rpcward first = Rpcward.start(lab.proxy(), GOOD, environment);
                Rpcward second =
                        Rpcward.start(lab.proxy(), GOOD.replace("bind: [s0]", "bind: [s0], port: 1111"), environment)) {
            assertThat(first.diagnostics()).contains("  control    " + socket + "\n");
            assertThat(second.diagnostics())
                    .contains("  control    no " + socket
                            + ": another process answers there; is rpcward running already?\n")
                    .doesNotContain("  control    " + socket + "\n");
        }
    }

    @Test
    void aDirectoryThatWasMadeForTheControlSocketIsTold() throws Exception {
        Path made = directory.resolve("made");
        String policy = GOOD + "admin: { socket: " + made.resolve("admin.sock") + " }\n";
        String remark = "  control    made the directory " + made + ", for its owner alone\n";
        try (Rpcward first = Rpcward.start(lab.proxy(), policy)) {
            assertThat(first.diagnostics()).contains(remark);
        }
        try (Rpcward again = Rpcward.start(lab.proxy(), policy)) {
            assertThat(again.diagnostics()).doesNotContain(remark);
        }
    }

    // What is said of files that are no policies.

    @Test
    void checkSaysOneLineOfAFileThatIsNoneAndExitsWith3() throws Exception {
        Path oversized = directory.resolve("oversized.yaml");
        Files.writeString(oversized, "# much\n".repeat(200_000));
        Path empty = Files.createFile(directory.resolve("empty.yaml"));
        Path binary = directory.resolve("binary.yaml");
        Files.write(binary, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, (byte) 0xff, (byte) 0xfe, 0, 0});
        Path missing = directory.resolve("missing.yaml");
        for (Path path : List.of(missing, oversized, empty, binary, directory)) {
            Host.Finished finished = rpcward("check", path.toString());

            assertThat(finished.status()).as(path.toString()).isEqualTo(POLICY_INVALID);
            assertThat(finished.diagnostics().lines())
                    .as(path.toString())
                    .singleElement()
                    .asString()
                    .contains(path.toString());
            assertThat(finished.output()).as(path.toString()).isEmpty();
        }
    }

    @Test
    void anOrdinaryUserIsToldOfAFileHeMayNotReadAndOfAPortHeMayNotBind() throws Exception {
        Path copy = readableCopy();
        Path unreadable = file(GOOD);
        Path readable = file(GOOD);
        lab.proxy()
                .shell("chmod 0600 " + unreadable + " && chmod 0644 " + readable)
                .orFail();

        Host.Finished check = runAsNobody(copy, "check", unreadable.toString());
        Host.Finished run = runAsNobody(copy, "run", "--policy", readable.toString());

        assertThat(check.status()).as(check.all()).isEqualTo(POLICY_INVALID);
        assertThat(check.diagnostics()).isEqualTo(unreadable + ": permission denied\n");
        assertThat(run.status()).as(run.all()).isEqualTo(FAILED);
        assertThat(run.diagnostics())
                .contains("listener 'lan' cannot have udp", ":111: no right to bind a port below 1024.")
                .contains("AmbientCapabilities=CAP_NET_BIND_SERVICE", "ip_unprivileged_port_start");
    }

    /** With no capability at all, as the quick start runs for him. */
    @Test
    void anOrdinaryUserServesAtAPortThatHeMayBind() throws Exception {
        Path copy = readableCopy();
        Path policy = file(GOOD.replace("bind: [s0]", "bind: [s0], port: 1111"));
        lab.proxy().shell("chmod 0644 " + policy).orFail();
        try (Running serving =
                lab.proxy().start(asNobody(copy, "run", "--policy", policy.toString()), Rpcward.ENVIRONMENT)) {
            byte[] lookup = Calls.getPort(7, 100_003, 3, 17);
            for (String to : List.of(Lab.PROXY_V4, Lab.PROXY_V6)) {
                await().atMost(Duration.ofSeconds(20)).until(() -> {
                    assertThat(serving.process().isAlive())
                            .as(serving.diagnostics())
                            .isTrue();
                    return caller.udpLater(Caller.ANY_SOURCE, 0, to, 1111, Duration.ofSeconds(1), lookup)
                                    .join()
                                    .reply()
                            != null;
                });
            }
        }
    }

    /** Whoever built it may have it where nobody else can read. */
    private Path readableCopy() {
        Path copy = directory.resolve("distribution");
        lab.proxy()
                .shell("mkdir -p " + copy + " && cp -r " + Programs.distribution() + "/. " + copy + " && chmod -R a+rX "
                        + directory)
                .orFail();
        return copy;
    }

    private static List<String> asNobody(Path distribution, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--inh-caps=-all"));
        command.add(distribution.resolve("bin/rpcward").toString());
        command.addAll(List.of(arguments));
        return command;
    }

    private Host.Finished runAsNobody(Path distribution, String... arguments) {
        return lab.proxy().run(asNobody(distribution, arguments), Rpcward.ENVIRONMENT, PATIENCE);
    }

    @Test
    void checkExitsWith0ForAGoodPolicyAndWith3ForABadOne() throws Exception {
        assertThat(rpcward("check", file(GOOD).toString()).status()).isEqualTo(DONE);
        assertThat(rpcward("check", "--strict", file(GOOD).toString()).status())
                .as("it has warnings")
                .isEqualTo(POLICY_INVALID);
        assertThat(rpcward(
                                "check",
                                file(GOOD.replace("then: allow", "then: alow")).toString())
                        .status())
                .isEqualTo(POLICY_INVALID);
    }

    @ParameterizedTest
    @CsvSource({
        "'',                                                   2",
        "--help,                                               0",
        "--version,                                            0",
        "serve,                                                2",
        "run --polcy x,                                        2",
        "run --policy /nowhere/policy.yaml,                    3",
        "check,                                                2",
        "check --format xml GOOD,                              2",
        "explain --policy GOOD --from 192.0.2.7 getport nfs,   0",
        "explain --policy GOOD --from 192.0.2.7 getprot nfs,   2",
        "explain --policy GOOD --from 192.0.2.7 getport nsf,   2",
        "explain --policy GOOD --from 192.0.2.777 dump,        2",
        "explain --policy GOOD --from 192.0.2.7 --udp --tcp dump, 2",
        "explain --policy /nowhere/policy.yaml --from ::1 dump,   3",
        "show programs,                                        0",
        "show,                                                 2",
    })
    void theExitCodeTellsAScriptWhatHappened(String arguments, int status) throws Exception {
        String[] words = arguments.isEmpty()
                ? new String[0]
                : arguments.replace("GOOD", file(GOOD).toString()).split(" ", -1);

        Host.Finished finished = rpcward(words);

        assertThat(finished.status()).as(finished.all()).isEqualTo(status);
        if (status == DONE) {
            assertThat(finished.diagnostics()).isEmpty();
        } else {
            assertThat(finished.output()).isEmpty();
            assertThat(finished.diagnostics()).isNotEmpty().doesNotContain("Exception", "\tat ");
        }
    }

    // What goes wrong the first time.

    @Test
    void whoHoldsPort111IsNamedWithThreeWaysOut() throws Exception {
        try (Rpcbind rpcbind = Rpcbind.start(lab.proxy())) {
            Host.Finished finished = run("version: 1\nlisteners: { lan: { bind: external } }\n" + REGISTRY);

            assertThat(rpcbind.process().isAlive()).isTrue();
            assertThat(finished.status()).as(finished.all()).isEqualTo(FAILED);
            assertThat(finished.diagnostics())
                    .containsPattern(":111: it is in use by rpcbind \\(pid \\d+\\)\\.")
                    .contains(
                            "Three ways",
                            "\n  1. ",
                            "\n  2. ",
                            "\n  3. ",
                            "rpcbind.socket.d",
                            "10111",
                            "network namespace");
        }
    }

    @Test
    void anInterfaceThatIsNotThereIsToldWithThoseThatAre() throws Exception {
        Host.Finished finished = run(GOOD.replace("[s0]", "[eth9]"));

        assertThat(finished.status()).as(finished.all()).isEqualTo(FAILED);
        assertThat(finished.diagnostics()).contains("no interface 'eth9'", "b1, lo, s0, s1");
    }

    @Test
    void anAddressThatIsNotThereIsTold() throws Exception {
        Host.Finished finished = run(GOOD.replace("[s0]", "[192.0.2.77]"));

        assertThat(finished.status()).as(finished.all()).isEqualTo(FAILED);
        assertThat(finished.diagnostics()).contains("192.0.2.77:111: this host has no such address");
    }

    @Test
    void aBackendThatIsRpcwardItselfIsRefusedWhereItIsWritten() throws Exception {
        String written = """
                version: 1
                listeners: { lan: { bind: [192.0.2.1] } }
                backends: { self: { address: "192.0.2.1:111" } }
                rules: [{ name: all, from: any, then: allow }]
                """;

        Host.Finished literally = run(written);
        Host.Finished byInterface = run(written.replace("[192.0.2.1]", "[s0]"));

        assertThat(literally.status()).as(literally.all()).isEqualTo(POLICY_INVALID);
        assertThat(literally.diagnostics()).contains("error[E152]");
        assertThat(byInterface.status()).as(byInterface.all()).isEqualTo(FAILED);
        assertThat(byInterface.diagnostics()).contains("it would ask itself");
    }

    @Test
    void twoThatAskEachOtherGiveUpSoonAndSayNothingWrong() {
        try (Rpcward first = Rpcward.start(lab.proxy(), asking("s0, b1", Lab.BACKEND_V4 + ":111"));
                Rpcward second = Rpcward.start(lab.backend(), asking("b0", "10.111.0.1:111"))) {
            long begin = System.nanoTime();
            List<byte[]> replies = caller.tcp(Lab.PROXY_V4, Calls.record(Calls.getPort(7, 100_003, 3, 6)))
                    .records();

            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
            assertThat(replies).containsExactly(words(7, 1, 0, 0, 0, 5));
            first.process().signal("TERM");
            second.process().signal("TERM");
            assertThat(first.process().exit(PATIENCE)).isEqualTo(DONE);
            assertThat(second.process().exit(PATIENCE)).isEqualTo(DONE);
            assertThat(calls(first) + calls(second)).as("calls of one question").isLessThan(50);
        }
    }

    private static String asking(String bind, String backend) {
        return """
                version: 1
                listeners: { lan: { bind: [%s] } }
                backends: { other: { address: "%s", timeout: 500ms } }
                rules: [{ name: all, from: any, then: allow }]
                """.formatted(bind, backend);
    }

    private static int calls(Rpcward rpcward) {
        String calls = rpcward.awaitLog("\"event\":\"stop\",.*\"calls\":\\d+").replaceAll("(?s).*\"calls\":", "");
        return Integer.parseInt(calls);
    }

    @Test
    void aSilentBackendIsToldAtTheStartAndTheRestIsServed() {
        try (Rpcward rpcward = Rpcward.start(lab.proxy(), asking("s0", Lab.BACKEND_V4 + ":" + SILENT_PORT))) {
            assertThat(rpcward.diagnostics()).contains("10.111.0.2:4001 DOES NOT ANSWER");
            assertThat(caller.udp(Lab.PROXY_V4, Calls.ping(7)).orFail()).isEqualTo(words(7, 1, 0, 0, 0, 0));
        }
    }

    @Test
    void aSecondOneOnTheSamePortIsRefused() throws Exception {
        try (Rpcward first = Rpcward.start(lab.proxy(), GOOD)) {
            Host.Finished second = run(GOOD);

            assertThat(first.process().isAlive()).isTrue();
            assertThat(second.status()).as(second.all()).isEqualTo(FAILED);
            assertThat(second.diagnostics()).containsPattern("in use by java \\(pid \\d+\\)");
        }
    }

    // Signals.

    @Test
    void aCallUnderWayIsAnsweredBeforeTheEnd() {
        String policy = asking("s0", Lab.BACKEND_V4 + ":" + SLOW_PORT).replace("500ms", "2s, fresh: 100ms");
        try (Rpcward rpcward = Rpcward.start(lab.proxy(), policy)) {
            // Until what the start page has read is too old, and a reading takes 300 ms.
            await().pollInterval(Duration.ofMillis(10)).atMost(PATIENCE).until(() -> {
                long begin = System.nanoTime();
                nfsPort(Lab.PROXY_V4);
                return System.nanoTime() - begin > Duration.ofMillis(200).toNanos();
            });
            await().pollDelay(Duration.ofMillis(120)).until(() -> true);
            CompletableFuture<Caller.Stream> later = caller.tcpLater(
                    Caller.ANY_SOURCE,
                    0,
                    Lab.PROXY_V4,
                    111,
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(5),
                    Integer.MAX_VALUE,
                    false,
                    List.of(Calls.record(Calls.getPort(7, 100_003, 3, 6))));
            await().pollInterval(Duration.ofMillis(5))
                    .until(() -> lab.proxy()
                            .shell("ss -Htn state established 'sport = :111'")
                            .output()
                            .contains(Lab.CLIENT_V4));
            rpcward.process().signal("TERM");

            assertThat(later.join().records()).containsExactly(words(7, 1, 0, 0, 0, 0, 2049));
            assertThat(rpcward.process().exit(PATIENCE)).isEqualTo(DONE);
            assertThat(rpcward.log()).contains("\"event\":\"stop\"");
        }
    }

    @Test
    void aReloadTakesRulesPinsAndListenersOverAndAConnectionGoesOn() {
        try (Rpcward rpcward = Rpcward.start(lab.proxy(), GOOD)) {
            assertThat(nfsPort(Lab.PROXY_V4)).isEqualTo(words(7, 1, 0, 0, 0, 0, 2049));
            assertThat(answers(Lab.PROXY_OTHER_V4)).isFalse();

            rpcward.writePolicy(GOOD.replace("[s0]", "[s1]").replace("2049", "2050"));
            rpcward.process().signal("HUP");
            rpcward.awaitLog("\"event\":\"reload\",\"result\":\"ok\"");

            assertThat(answers(Lab.PROXY_V4)).isFalse();
            assertThat(nfsPort(Lab.PROXY_OTHER_V4)).isEqualTo(words(7, 1, 0, 0, 0, 0, 2050));
        }
    }

    @Test
    void anInvalidPolicyChangesNothing() {
        try (Rpcward rpcward = Rpcward.start(lab.proxy(), GOOD)) {
            for (String bad : List.of(GOOD.replace("then: allow", "then: alow"), "", GOOD.replace("[s0]", "[eth9]"))) {
                int before = reloads(rpcward);
                rpcward.writePolicy(bad);
                rpcward.process().signal("HUP");
                await().pollInterval(Duration.ofMillis(10)).until(() -> reloads(rpcward) > before);

                assertThat(rpcward.log()).doesNotContain("\"event\":\"reload\",\"result\":\"ok\"");
                assertThat(nfsPort(Lab.PROXY_V4)).isEqualTo(words(7, 1, 0, 0, 0, 0, 2049));
            }
            assertThat(rpcward.log()).contains("\"result\":\"invalid\"", "\"result\":\"io\"");
            assertThat(rpcward.diagnostics()).contains("error[E115]", "no interface 'eth9'");
        }
    }

    private static int reloads(Rpcward rpcward) {
        return (int) rpcward.log()
                .lines()
                .filter(l -> l.contains("\"event\":\"reload\""))
                .count();
    }

    // Addresses.

    @Test
    void everyReplyLeavesFromTheAddressThatWasAskedWhicheverWorkerAnswers() {
        String policy = GOOD.replace("bind: [s0]", "bind: external, workers: 4");
        try (Rpcward rpcward = Rpcward.start(lab.proxy(), policy)) {
            assertThat(rpcward.diagnostics()).contains("ready").doesNotContain("127.0.0.1", "fe80");
            List<CompletableFuture<Caller.Datagram>> later = new ArrayList<>();
            List<String> asked = new ArrayList<>();
            Set<String> addresses = new HashSet<>();
            for (int i = 0; i < 64; i++) {
                for (String host : List.of(Lab.PROXY_V4, Lab.PROXY_OTHER_V4, Lab.PROXY_V6, Lab.PROXY_OTHER_V6)) {
                    asked.add(host);
                    later.add(caller.udpLater(Caller.ANY_SOURCE, 0, host, 111, Duration.ofSeconds(5), lookup(host)));
                }
            }
            for (int i = 0; i < asked.size(); i++) {
                Caller.Datagram reply = later.get(i).join();
                byte[] found = Calls.text(asked.get(i) + ".8.1");

                assertThat(reply.hex()).endsWith(java.util.HexFormat.of().formatHex(found));
                assertThat(reply.fromPort()).isEqualTo(111);
                addresses.add(reply.from());
            }
            assertThat(addresses)
                    .containsExactlyInAnyOrder(
                            Lab.PROXY_V4, Lab.PROXY_OTHER_V4, "2001:db8:a:0:0:0:0:1", "2001:db8:b:0:0:0:0:1");
        }
    }

    /** Loopback and link-local ones too: only "external" leaves them out. */
    @Test
    void aWildcardStandsForEveryAddressOfTheHost() {
        String policy = GOOD.replace("bind: [s0]", "bind: [\"::\", 0.0.0.0]");
        try (Rpcward rpcward = Rpcward.start(lab.proxy(), policy)) {
            assertThat(rpcward.diagnostics())
                    .contains("ready", "udp [::1]:111", "tcp 127.0.0.1:111", "udp [fe80:", "tcp [fe80:")
                    .contains("udp " + Lab.PROXY_OTHER_V4 + ":111", "udp [" + Lab.PROXY_OTHER_V6 + "]:111");
        }
    }

    private static byte[] lookup(String host) {
        return Calls.call(7, 4, 3, Calls.rpcb(100_003, 3, host.contains(":") ? "udp6" : "udp", "", ""));
    }
}

package org.rpcward.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.admin.Reloaded;
import org.rpcward.proxy.backend.Reading;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.ControlledProxy;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.GoldenFile;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.registry.FixedDirectory;
import org.rpcward.proxy.registry.MirrorState;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/**
 * Whole {@code ctl} commands with all that they print, against an admin server in this process. The sessions have the
 * form of those of {@link SessionTest}; with {@code -Dgolden.write=true} they are written anew, to be read before they
 * are committed.
 */
class CtlSessionTest {
    private static final Path SESSIONS = Path.of("src/test/resources/golden/cli");
    private static final String PROMPT = "$ rpcward";
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");
    private static final String POLICY = """
            groups: { clients: [10.20.0.0/16] }
            limits: { lookups: { rate: 50/s, burst: 200, per: source } }
            rules:
              - { name: clients find nfs, from: clients, call: lookup, program: [nfs, portmapper], then: allow, limit: lookups }
              - { name: clients list, from: clients, call: list, over: tcp, then: allow }
              - { name: clients get a polite no, from: clients, then: hide }
            """;

    @TempDir
    private Path directory;

    private ControlledProxy proxy;
    private Path socket;

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("admin.sock");
        proxy = ControlledProxy.of(
                        Policies.of(POLICY),
                        new FixedDirectory(List.of(
                                new BackendPolicy.Row(CallBytes.NFS, 3, "tcp", 2049),
                                new BackendPolicy.Row(100_005, 3, "udp", 20048))))
                .listen(socket);
        proxy.clock.pass(Duration.ofSeconds(93_784));
        proxy.pulse.beat();
        for (int i = 0; i < 25; i++) {
            proxy.call(RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, CallBytes.NFS, 3))
                    .from("10.20.3.4"));
        }
        proxy.call(RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, 100_017, 1)));
        proxy.call(
                new RecordingExchange(Transport.UDP, "\u001b[2Jhello, terminal".getBytes(StandardCharsets.US_ASCII)));
        proxy.pulse.beat();
        proxy.pulse.beat();
    }

    @AfterEach
    void stop() {
        proxy.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ctl-state", "ctl-orders", "ctl-json", "ctl-usage"})
    void sessions(String name) throws IOException {
        String wanted = GoldenFile.text("cli/" + name + ".txt");
        StringBuilder seen = new StringBuilder();
        for (String line : wanted.lines().toList()) {
            if (line.startsWith("#")) {
                seen.append(line).append('\n');
            } else if (line.startsWith(PROMPT)) {
                seen.append(seen.isEmpty() ? "" : "\n").append(line).append('\n');
                seen.append(run(arguments(line)));
            }
        }
        if (Boolean.getBoolean("golden.write")) {
            Files.writeString(SESSIONS.resolve(name + ".txt"), seen);
        } else {
            assertThat(seen.toString()).isEqualTo(wanted);
        }
    }

    @Test
    void aReloadThatIsRefusedExitsWith3AndOneThatFailsWith1() {
        String told = "test.yaml:1:1: error[E101]: \u001b[31mred\n";
        for (Reloaded.Result result : Reloaded.Result.values()) {
            proxy.next = new Reloaded(result, "0123abcd", told, "2026-11-01T12:00:00Z");
            String text = run(List.of("ctl", "reload"));
            assertThat(text).doesNotContain("\u001b").contains("error[E101]", "0123abcd");
            int code = result == Reloaded.Result.OK ? 0 : result == Reloaded.Result.INVALID ? 3 : 1;
            assertThat(text).endsWith("exit code " + code + "\n");
            assertThat(run(List.of("ctl", "reload", "--json"))).endsWith("exit code " + code + "\n");
        }
    }

    @Test
    void whereNobodyAnswersTheExitCodeIs6() {
        proxy.server.close();
        for (String verb : List.of("status", "reload", "top", "tail", "bans", "errors")) {
            assertThat(run(List.of("ctl", verb))).contains("nobody answers").endsWith("exit code 6\n");
        }
    }

    @Test
    void drainingToStopAsksForTheStop() {
        run(List.of("ctl", "drain", "--stop"));
        assertThat(proxy.stopped).isTrue();
        assertThat(proxy.done).containsExactly("drain: and stop");
    }

    @Test
    void theCopiesOfRegistriesAreTold() throws IOException {
        proxy.close();
        MirrorState copy = new MirrorState(
                MirrorState.Freshness.STALE, 22, Duration.ofSeconds(75), new Reading("10.1.5.9:111", 2));
        proxy = ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of().copied(copy))
                .listen(socket);

        assertThat(run(List.of("ctl", "cache"))).isEqualTo("""
                CACHE    ENTRIES  HIT  STALE  MISS  COALESCED  BYPASS  EVICTIONS
                mirror        22    0      0     0          0       0          -
                forward        0    0      0     0          0       0          0
                listing        3    7      0     2          0       0          1

                MIRROR OF  STATE  REGISTRATIONS  READ AT               AGE     FROM          VERSION  FORWARDED
                legacy     stale             22  2026-11-01T11:58:45Z  1m 15s  10.1.5.9:111        2          -
                exit code 0
                """);
        assertThat(run(List.of("ctl", "cache", "--json")))
                .contains("\"mirrors\":[{\"backend\":\"legacy\",\"state\":\"stale\",\"registrations\":22,"
                        + "\"read_at\":\"2026-11-01T11:58:45Z\",\"age_seconds\":75.0,\"read_from\":\"10.1.5.9:111\","
                        + "\"protocol\":2,\"fresh_seconds\":5.0,\"stale_seconds\":600.0,\"forwarded\":null}]");
    }

    private static List<String> arguments(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line.substring(PROMPT.length()));
        while (matcher.find()) {
            words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return words;
    }

    /** Standard output, then standard error with a bar before each line, then the exit code. */
    private String run(List<String> arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commandLine = Main.commandLine(arguments.toArray(String[]::new))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setUsageHelpWidth(100);
        List<String> all = new ArrayList<>(arguments);
        if (!arguments.contains("--help") && arguments.size() > 1) {
            all.addAll(List.of("--socket", socket.toString()));
        }
        int status = commandLine.execute(all.toArray(String[]::new));
        StringBuilder text = new StringBuilder(out.toString());
        for (String line : err.toString().lines().toList()) {
            if (line.startsWith("Usage: ")) {
                text.append("| and how it is used\n");
                break;
            }
            text.append("| ").append(line).append('\n');
        }
        text.append("exit code ").append(status).append('\n');
        return text.toString()
                .replaceAll("Java [0-9]+", "Java N")
                .replaceAll("\"java\":[0-9]+", "\"java\":N")
                .replaceAll(" +\n", "\n");
    }
}

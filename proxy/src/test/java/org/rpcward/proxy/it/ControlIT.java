package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The shipped program, watched and told what to do through its own command line. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ControlIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private static Path directory;

    private final int port = freePort();
    private final int admin = freePort();
    private Path policy;
    private Path socket;
    private Process rpcward;

    private record Said(int status, String out, String err) {}

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private String policy(String more) {
        return """
                version: 1
                listeners: { lan: { bind: 127.0.0.1, port: %d } }
                backends: { table: { registry: [{ program: nfs, version: 3, netid: tcp, port: 2049 }] } }
                rules:
                  - { name: near hosts find, from: 127.0.0.0/8, call: [lookup, list], then: allow }
                admin: { http: "127.0.0.1:%d", socket: %s }
                """.formatted(port, admin, socket) + more;
    }

    @BeforeAll
    void start() throws Exception {
        policy = directory.resolve("policy.yaml");
        socket = directory.resolve("admin.sock");
        Files.writeString(policy, policy(""));
        rpcward = launch("run", "--policy", policy.toString())
                .redirectError(directory.resolve("err").toFile())
                .redirectOutput(directory.resolve("out").toFile())
                .start();
        await().atMost(PATIENCE)
                .until(() -> Files.readString(directory.resolve("err")).contains("ready\n"));
    }

    @AfterAll
    void stop() throws InterruptedException {
        rpcward.destroy();
        rpcward.waitFor(20, TimeUnit.SECONDS);
        rpcward.destroyForcibly();
    }

    private static ProcessBuilder launch(String... arguments) {
        List<String> command = new ArrayList<>(Rpcward.command(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    private Said ctl(String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of("ctl"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--socket", socket.toString()));
        Process process = launch(all.toArray(String[]::new)).start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), out, err);
    }

    private int http(String path) throws IOException {
        HttpURLConnection connection = (HttpURLConnection)
                URI.create("http://127.0.0.1:" + admin + path).toURL().openConnection();
        return connection.getResponseCode();
    }

    private void ask() throws IOException {
        try (java.net.DatagramSocket client = new java.net.DatagramSocket()) {
            client.connect(InetAddress.getLoopbackAddress(), port);
            client.setSoTimeout((int) PATIENCE.toMillis());
            byte[] call = Calls.getPort(7, 100_003, 3, 6);
            client.send(new java.net.DatagramPacket(call, call.length));
            client.receive(new java.net.DatagramPacket(new byte[100], 100));
        }
    }

    @Test
    @Order(1)
    void everyVerbThatLooksAnswers() throws Exception {
        ask();
        for (List<String> verb : List.of(
                List.of("status"),
                List.of("rules"),
                List.of("top"),
                List.of("top", "programs"),
                List.of("top", "rules"),
                List.of("limits"),
                List.of("cache"),
                List.of("bans"),
                List.of("errors"),
                List.of("registry"),
                List.of("registry", "--for", "127.0.0.9"),
                List.of("explain", "--from", "127.0.0.9", "getport", "nfs"))) {
            Said said = ctl(verb.toArray(String[]::new));
            assertThat(said.status()).as("%s %s", verb, said).isZero();
            assertThat(said.out()).as("%s", verb).isNotBlank().doesNotContain("\u001b");
        }
    }

    @Test
    @Order(2)
    void statusHasWhatScriptsCountOn() throws Exception {
        Map<String, Object> status = Json.object(ctl("status", "--json").out().strip());
        assertThat(status).containsKeys("revision", "mode", "uptime_seconds", "backends");
        assertThat(status).containsEntry("mode", "enforce").containsEntry("ready", true);
    }

    @Test
    @Order(3)
    void aTailShowsCallsAsTheyCome() throws Exception {
        Process tail = launch("ctl", "tail", "--json", "procedure=getport", "--socket", socket.toString())
                .start();
        try (InputStream out = tail.getInputStream()) {
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> {
                ask();
                return out.available() > 0;
            });
            byte[] seen = new byte[out.available()];
            assertThat(out.read(seen)).isPositive();
            String line =
                    new String(seen, StandardCharsets.UTF_8).lines().findFirst().orElseThrow();
            assertThat(Json.object(line))
                    .containsEntry("rule", "near hosts find")
                    .containsEntry("verdict", "allow");
        } finally {
            tail.destroy();
            tail.waitFor();
        }
    }

    @Test
    @Order(3)
    void aTailEndsWhenNobodyTakesIt() throws Exception {
        Process tail = launch("ctl", "tail", "--socket", socket.toString())
                .redirectOutput(Path.of("/dev/full").toFile())
                .start();
        try {
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> {
                ask();
                return !tail.isAlive();
            });
        } finally {
            tail.destroy();
        }
        assertThat(tail.waitFor()).isEqualTo(1);
    }

    @Test
    @Order(4)
    void bansComeAndGo() throws Exception {
        assertThat(ctl("ban", "192.0.2.0/24", "1h").status()).isZero();
        assertThat(ctl("bans").out()).contains("192.0.2.0/24");
        assertThat(ctl("unban", "192.0.2.0/24").status()).isZero();
        assertThat(ctl("unban", "192.0.2.0/24").status()).isEqualTo(1);
        assertThat(ctl("ban", "192.0.2.0/24").status()).isEqualTo(2);
    }

    @Test
    @Order(5)
    void aReloadSaysHowItEnded() throws Exception {
        assertThat(ctl("reload").status()).isZero();
        Files.writeString(policy, policy("nonsense: 1\n"));
        Said refused = ctl("reload");
        assertThat(refused.status()).isEqualTo(3);
        assertThat(refused.out()).contains("error[E110]: unknown key 'nonsense'");
        assertThat(ctl("status").out()).contains("the policy before it is still in force");
        Files.delete(policy);
        Said unread = ctl("reload");
        assertThat(unread.status()).isEqualTo(1);
        assertThat(unread.out()).contains("not reloaded (io)", "no such file");
        Files.writeString(policy, policy("# other\n"));
        assertThat(ctl("reload").status()).isZero();
    }

    @Test
    @Order(6)
    void healthIsToldAndDrainingToo() throws Exception {
        assertThat(http("/healthz")).isEqualTo(200);
        assertThat(http("/readyz")).isEqualTo(200);
        assertThat(http("/metrics")).isEqualTo(200);
        assertThat(http("/api/v1/status")).isEqualTo(200);
        assertThat(ctl("drain").status()).isZero();
        assertThat(http("/readyz")).isEqualTo(503);
        ask();
        assertThat(ctl("drain", "--undo").status()).isZero();
        assertThat(http("/readyz")).isEqualTo(200);
    }

    @Test
    @Order(7)
    void itStopsWhenItIsToldAndThenNobodyAnswers() throws Exception {
        assertThat(ctl("drain", "--stop").status()).isZero();
        assertThat(rpcward.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(rpcward.exitValue()).isZero();
        assertThat(socket).doesNotExist();
        assertThat(ctl("status").status()).isEqualTo(6);
    }
}

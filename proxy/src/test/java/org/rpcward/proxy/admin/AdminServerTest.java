package org.rpcward.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.AdminPolicy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.ControlledProxy;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.transport.TransportType;

class AdminServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String POLICY = """
            rules:
              - { name: clients find, from: 10.0.0.0/8, call: lookup, then: allow }
            """;

    @TempDir
    private Path directory;

    private ControlledProxy proxy;
    private Path socket;
    private final List<Socket> sockets = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("admin.sock");
        proxy = ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of()).listen(socket);
    }

    @AfterEach
    void stop() throws IOException {
        for (Socket open : sockets) {
            open.close();
        }
        proxy.close();
    }

    private Socket connect() throws IOException {
        InetSocketAddress address = Objects.requireNonNull(proxy.server.address());
        Socket connection = new Socket(address.getAddress(), address.getPort());
        connection.setSoTimeout((int) PATIENCE.toMillis());
        sockets.add(connection);
        return connection;
    }

    /** All that comes back, to the end of the connection. */
    private String ask(String request) throws IOException {
        Socket connection = connect();
        connection.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        return rest(connection);
    }

    private static String rest(Socket connection) throws IOException {
        return new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String get(String path, String... headers) {
        String more = headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n";
        return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + more + "\r\n";
    }

    private ControlClient.Reply control(String method, String verb, Map<String, String> parameters) throws IOException {
        try (ControlClient client = ControlClient.connect(socket)) {
            return client.ask(method, verb, parameters);
        }
    }

    // What is said.

    @Test
    void tellsHealthAndReadiness() throws IOException {
        assertThat(ask(get("/healthz"))).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\nok\n");
        assertThat(ask(get("/readyz"))).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\nready\n");

        proxy.views.draining(true);
        proxy.clock.pass(Pulse.LONGEST.plusMillis(1));

        assertThat(ask(get("/readyz"))).startsWith("HTTP/1.1 503 ").endsWith("\r\n\r\ndraining\n");
        assertThat(ask(get("/healthz"))).startsWith("HTTP/1.1 503 ").contains("1 of 1 event loops are stuck");

        proxy.pulse.beat();

        assertThat(ask(get("/healthz"))).startsWith("HTTP/1.1 200 OK\r\n");
    }

    @Test
    void everyAnswerIsProtected() throws IOException {
        for (String path : List.of("/", "/healthz", "/api/v1/status", "/nothing")) {
            assertThat(ask(get(path)))
                    .contains("cache-control: no-store\r\n")
                    .contains("x-content-type-options: nosniff\r\n")
                    .contains("content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n")
                    .doesNotContainIgnoringCase("access-control");
        }
    }

    @Test
    void headHasNoBody() throws IOException {
        assertThat(ask(get("/healthz").replace("GET", "HEAD")))
                .startsWith("HTTP/1.1 200 OK\r\n")
                .contains("content-length: 3\r\n")
                .endsWith("\r\n\r\n");
    }

    @Test
    void changesAreTakenOnTheControlSocketAlone() throws IOException {
        for (String path : List.of("reload", "drain", "ban", "unban", "backend")) {
            assertThat(ask(get("/api/v1/" + path).replace("GET", "POST"))).startsWith("HTTP/1.1 405 ");
            assertThat(ask(get("/api/v1/" + path))).startsWith("HTTP/1.1 404 ");
            assertThat(control("GET", path, Map.of()).status()).isEqualTo(405);
        }
        assertThat(control("POST", "reload", Map.of()).status()).isEqualTo(200);
        assertThat(control("POST", "status", Map.of()).status()).isEqualTo(405);
    }

    // Who asks.

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "127.0.0.1.evil.example",
                "127.0.0.2",
                "[::1]",
                "localhost.evil.example",
                "a:b",
                ""
            })
    void anotherNameIsRefused(String host) throws IOException {
        assertThat(ask(get("/api/v1/status").replace("127.0.0.1", host))).startsWith("HTTP/1.1 403 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.0.0.1:80", "localhost", "LOCALHOST:9111"})
    void itsOwnNameIsTaken(String host) throws IOException {
        assertThat(ask(get("/healthz").replace("127.0.0.1", host))).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void noHostOrTwoAreNoRequest() throws IOException {
        assertThat(ask("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(ask(get("/healthz", "Host: 127.0.0.1"))).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void otherOriginsAreRefused() throws IOException {
        assertThat(ask(get("/api/v1/status", "Origin: http://evil.example"))).startsWith("HTTP/1.1 403 ");
        assertThat(ask(get("/api/v1/status", "Origin: null"))).startsWith("HTTP/1.1 403 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cross-site", "same-site", "Same-Origin", "nonsense"})
    void whatPagesOfOtherSitesAskForIsRefused(String site) throws IOException {
        String header = "Sec-Fetch-Site: " + site;
        assertThat(ask(get("/metrics", header))).startsWith("HTTP/1.1 403 ");
        assertThat(ask(get("/api/v1/status", header, "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image")))
                .startsWith("HTTP/1.1 403 ");
        assertThat(ask(get("/", header, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")))
                .startsWith("HTTP/1.1 403 ");
    }

    @Test
    void whoTypesTheAddressOrFollowsALinkMayRead() throws IOException {
        assertThat(ask(get("/", "Sec-Fetch-Site: none"))).startsWith("HTTP/1.1 200 ");
        assertThat(ask(get("/healthz", "Sec-Fetch-Site: same-origin"))).startsWith("HTTP/1.1 200 ");
        String[] link = {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"};
        assertThat(ask(get("/healthz", link))).startsWith("HTTP/1.1 200 ");
    }

    /** No browser can open the control socket; something that passes on what one sends could. */
    @Test
    void onTheControlSocketALinkIsRefusedToo() throws IOException {
        String request = get(
                        "/api/v1/reload",
                        "Sec-Fetch-Site: cross-site",
                        "Sec-Fetch-Mode: navigate",
                        "Sec-Fetch-Dest: document")
                .replace("GET", "POST");
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            assertThat(new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 403 ");
        }
    }

    // What is no good request.

    @ParameterizedTest
    @ValueSource(strings = {"TRACE", "OPTIONS", "CONNECT", "PUT", "DELETE", "POST", "FOO"})
    void otherMethodsAreRefused(String method) throws IOException {
        assertThat(ask(get("/healthz").replace("GET", method))).startsWith("HTTP/1.1 405 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../../etc/passwd",
                "/%2e%2e/etc/passwd",
                "/healthz/",
                "//healthz",
                "/healthz/../healthz",
                "/api/v1/status;x",
                "/HEALTHZ",
                "/healthz%00"
            })
    void aPathIsTakenAsItIsWritten(String path) throws IOException {
        assertThat(ask(get(path))).startsWith("HTTP/1.1 404 ");
    }

    @Test
    void whatIsNoRequestIsRefused() throws IOException {
        assertThat(ask("hello\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(ask("GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ");
        assertThat(ask(get("/api/v1/explain?from=%zz"))).startsWith("HTTP/1.1 400 ");
        assertThat(ask(get("/api/v1/explain?from=10.0.0.1&from=10.0.0.2"))).startsWith("HTTP/1.1 400 ");
        assertThat(ask(get("/api/v1/sources?most=100000"))).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void whatIsTooLongIsRefused() throws IOException {
        assertThat(ask(get("/" + "x".repeat(5000)))).startsWith("HTTP/1.1 414 ");
        assertThat(ask(get("/healthz", "X-Long: " + "x".repeat(9000)))).startsWith("HTTP/1.1 431 ");
        assertThat(ask(get("/healthz", "Content-Length: 100000"))).startsWith("HTTP/1.1 413 ");
    }

    // Time and room.

    @Test
    void thoseWhoSayNothingMakeRoomForThoseWhoAsk() throws IOException {
        for (int i = 0; i < 500; i++) {
            Socket silent = connect();
            silent.getOutputStream().write("GET /healthz HT".getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(ask(get("/healthz"))).startsWith("HTTP/1.1 200 OK\r\n");
        await().atMost(PATIENCE)
                .until(() -> sockets.stream().filter(s -> !ended(s)).count() <= Connections.MOST);
    }

    private static boolean ended(Socket connection) {
        try {
            connection.setSoTimeout(1);
            return connection.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void thoseWhoDoNotTakeTheirAnswersMakeRoomToo() throws IOException {
        AtomicInteger made = new AtomicInteger();
        proxy.routes.get("/large", request -> {
            made.incrementAndGet();
            return Answer.text(Answer.OK, Answer.TEXT, "x".repeat(8 << 20));
        });
        for (int i = 0; i < Connections.MOST; i++) {
            connect().getOutputStream().write(get("/large").getBytes(StandardCharsets.US_ASCII));
        }
        await().atMost(PATIENCE).until(() -> made.get() == Connections.MOST);

        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> ask(get("/healthz")).startsWith("HTTP/1.1 200 OK\r\n"));
    }

    @Test
    void aRequestThatDripsIsCut() throws IOException {
        Socket slow = connect();
        slow.getOutputStream().write("GET /healthz HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
        await().atMost(Guard.REQUEST.plus(PATIENCE))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    try {
                        slow.getOutputStream().write("X: y\r\n".getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException cut) {
                        return true;
                    }
                    return ended(slow);
                });
    }

    @Test
    void requestsOneBehindTheOtherAreAnsweredInTurn() throws IOException {
        Socket connection = connect();
        String one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        connection.getOutputStream().write((one + one + get("/readyz")).getBytes(StandardCharsets.US_ASCII));
        assertThat(rest(connection)).containsSubsequence("ok\n", "ok\n", "ready\n");
    }

    @Test
    void whoDoesNotReadIsAnsweredNoFurther() throws IOException {
        AtomicInteger made = new AtomicInteger();
        proxy.routes.get("/large", request -> {
            made.incrementAndGet();
            return Answer.text(Answer.OK, Answer.TEXT, "x".repeat(8 << 20));
        });
        Socket connection = connect();
        String one = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
        connection.getOutputStream().write(one.repeat(50).getBytes(StandardCharsets.US_ASCII));
        await().atMost(PATIENCE).until(() -> made.get() > 0);

        // Answered on the same event loop, after all that came before.
        assertThat(ask(get("/healthz"))).startsWith("HTTP/1.1 200 OK\r\n");
        assertThat(made.get()).isLessThan(5);
    }

    /** Anybody at the admin address may ask, as often as he likes, and garbage is everybody's to pay for. */
    @Test
    void toSeeWhatAClientSeesCostsLittleMemory() throws IOException {
        String seen = "/api/v1/registry?for=10.1.2.3";
        assertThat(ask(get(seen))).contains("\"seen_by\":\"10.1.2.3\"");
        int requests = 50;
        long before = allocated();
        for (int i = 0; i < requests; i++) {
            assertThat(ask(get(seen))).startsWith("HTTP/1.1 200 OK\r\n");
        }
        assertThat((allocated() - before) / requests).isBetween(1L, 200_000L);
    }

    /** Bytes that the event loops of admin servers have asked for so far. */
    private static long allocated() {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("test-admin"))
                .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getId()))
                .sum();
    }

    @Test
    void aMistakeCostsItsRequestAlone() throws IOException {
        proxy.routes.get("/broken", request -> {
            throw new IllegalStateException("secret");
        });
        assertThat(ask(get("/broken"))).startsWith("HTTP/1.1 500 ").doesNotContain("secret");
        assertThat(proxy.failures).singleElement().asString().contains("secret");
        assertThat(ask(get("/healthz"))).startsWith("HTTP/1.1 200 OK\r\n");
    }

    @Test
    void aBadPolicyIsToldWithItsProblems() throws IOException {
        proxy.next =
                new Reloaded(Reloaded.Result.INVALID, "0123abcd", "test.yaml:1:1: error[E101]: \u001b[2J\n", "now");
        ControlClient.Reply reply = control("POST", "reload", Map.of());
        assertThat(reply.status()).isEqualTo(422);
        assertThat(reply.body()).contains("\"result\":\"invalid\"").doesNotContain("\u001b");
    }

    // Lines.

    @Test
    void aTailHasTheCallsThatItsFilterLetsPass() throws IOException {
        try (ControlClient client = ControlClient.connect(socket);
                ControlClient.Body tail =
                        client.begin("GET", "tail", Map.of("filter", "verdict=drop source=198.51.100.0/24"))) {
            RecordingExchange stranger =
                    RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, CallBytes.NFS, 3));
            RecordingExchange known = RecordingExchange.of(
                            Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, CallBytes.NFS, 3))
                    .from("10.1.2.3");
            proxy.call(known).call(stranger);

            byte[] line = new byte[1000];
            int length = tail.in().read(line);

            Map<String, Object> event = Json.object(new String(line, 0, length, StandardCharsets.UTF_8));
            assertThat(event)
                    .containsEntry("source", "198.51.100.7")
                    .containsEntry("verdict", "drop")
                    .containsEntry("rule", "default")
                    .containsEntry("procedure", "getport")
                    .containsEntry("program", Map.of("name", "nfs", "number", 100_003L));
        }
        await().atMost(PATIENCE).until(proxy.onlooker.tails::isEmpty);
    }

    @Test
    void aTailHasTheLinesOfTheLog() throws IOException {
        proxy.close();
        proxy = ControlledProxy.of(Policies.of("""
                        rules:
                          - { name: trial, from: 10.0.0.0/8, call: lookup, then: refuse, mode: audit }
                          - { name: clients find, from: 10.0.0.0/8, call: lookup, then: allow }
                        log: { allow: all }
                        """), FakeDirectory.of()).listen(socket);
        List<Map<String, Object>> seen = new ArrayList<>();
        try (ControlClient client = ControlClient.connect(socket);
                ControlClient.Body tail = client.begin("GET", "tail", Map.of());
                BufferedReader lines = new BufferedReader(new InputStreamReader(tail.in(), StandardCharsets.UTF_8))) {
            proxy.call(RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, CallBytes.NFS, 3))
                            .from("10.1.2.3")
                            .taking(Duration.ofMillis(7)))
                    .call(RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.DUMP, 4)))
                    .call(new RecordingExchange(Transport.UDP, new byte[12]).from("192.0.2.9"));
            for (int i = 0; i < 4; i++) {
                seen.add(Json.object(lines.readLine()));
            }
        }

        List<Map<String, Object>> logged = new ArrayList<>();
        for (String line : proxy.logged()) {
            Map<String, Object> event = new LinkedHashMap<>(Json.object(line));
            assertThat(event.remove("suppressed")).isEqualTo(0L);
            logged.add(event);
        }
        assertThat(seen).isEqualTo(logged);
        assertThat(seen)
                .extracting(line -> line.get("rule"), line -> line.get("path"), line -> line.get("duration_us"))
                .containsExactly(
                        tuple("trial", null, null),
                        tuple("clients find", "cache", 7000L),
                        tuple("default", "none", 0L),
                        tuple("default", "none", 0L));
        assertThat(seen.get(0).get("id")).isNotNull().isEqualTo(seen.get(1).get("id"));
    }

    @Test
    void aReaderWhoIsTooSlowLosesLinesWhichAreCounted() {
        LineStream lines = new LineStream();
        for (int i = 0; i < LineStream.CAPACITY + 7; i++) {
            lines.add(i);
        }
        assertThat(lines.takeLeftOut()).isEqualTo(7);
        assertThat(lines.poll()).isEqualTo(0);
    }

    @Test
    void tailsAreFew() throws IOException {
        List<ControlClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < Connections.MOST_STREAMS; i++) {
                clients.add(ControlClient.connect(socket));
                assertThat(clients.get(i).begin("GET", "tail", Map.of()).status())
                        .isEqualTo(200);
            }
            assertThat(control("GET", "tail", Map.of()).status()).isEqualTo(503);
            assertThat(control("GET", "status", Map.of()).status()).isEqualTo(200);
        } finally {
            for (ControlClient client : clients) {
                client.close();
            }
        }
        await().atMost(PATIENCE).until(proxy.onlooker.tails::isEmpty);
        try (ControlClient again = ControlClient.connect(socket)) {
            assertThat(again.begin("GET", "tail", Map.of()).status()).isEqualTo(200);
        }
    }

    // The socket.

    @ParameterizedTest
    @EnumSource
    void theSocketIsItsOwnersAlone(TransportType transport) throws IOException {
        Path path = directory.resolve("own.sock");
        try (ControlledProxy other = ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of(), transport)
                .listen(path)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            assertThat(other.server.places()).hasSize(2);
            try (ControlClient client = ControlClient.connect(path)) {
                assertThat(client.ask("GET", "status", Map.of()).status()).isEqualTo(200);
            }
        }
        assertThat(directory).isDirectoryNotContaining("glob:**own.sock");
        try (var left = Files.list(directory)) {
            assertThat(left).containsExactly(socket);
        }
    }

    @Test
    void aSocketThatAnswersIsNotTakenAway() throws IOException {
        try (ControlledProxy other = ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of())) {
            assertThatThrownBy(() -> other.listen(socket))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another process answers there");
        }
        assertThat(control("GET", "status", Map.of()).status()).isEqualTo(200);
    }

    /** Nobody asked for it by name: the proxy serves, and says what it is without. */
    @Test
    void aUsualSocketThatAnswersIsDoneWithoutAndTold() throws IOException {
        String remark = "no control socket " + socket + ": another process answers there; is rpcward running already?";
        EventLoopGroup loops = TransportType.best().eventLoops(1, "test-admin-second");
        List<String> failures = new ArrayList<>();
        AdminServer second = new AdminServer(TransportType.best(), loops.next(), new Routes(), socket, failures::add);
        try {
            second.open(AdminPolicy.DEFAULT);

            assertThat(second.places()).isEmpty();
            assertThat(second.remarks()).containsExactly(remark);
            assertThat(failures).containsExactly(remark);

            proxy.close();
            second.open(AdminPolicy.DEFAULT);
            assertThat(second.places()).containsExactly("control socket " + socket);
            assertThat(second.remarks()).isEmpty();
        } finally {
            second.close();
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void statusTellsWhereItIsAskedAndWhatIsNotAsItShouldBe() throws IOException {
        proxy.views.opened(proxy.server);
        assertThat(Json.object(control("GET", "status", Map.of()).body()))
                .containsEntry("control", proxy.server.places())
                .containsEntry("remarks", List.of());

        Path inside = directory.resolve("new/admin.sock");
        proxy.server.open(new AdminPolicy(null, inside.toString()));
        proxy.views.opened(proxy.server);
        assertThat(Json.object(control("GET", "status", Map.of()).body()))
                .containsEntry(
                        "remarks", List.of("made the directory " + inside.getParent() + ", for its owner alone"));
    }

    @Test
    void aDeadSocketIsReplacedAndAFileIsNot() throws IOException {
        Path dead = directory.resolve("dead.sock");
        try (ServerSocketChannel channel = ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(dead));
        }
        assertThat(dead).exists();
        try (ControlledProxy other =
                ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of()).listen(dead)) {
            assertThat(other.server.places()).contains("control socket " + dead);
        }
        Path file = Files.writeString(directory.resolve("file"), "precious");
        try (ControlledProxy other = ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of())) {
            assertThatThrownBy(() -> other.listen(file)).hasMessageContaining("no socket");
        }
        assertThat(file).hasContent("precious");
    }

    @Test
    void aSocketThatCannotBePutInItsPlaceIsClosed() throws IOException {
        Path taken = directory.resolve("taken.sock");
        EventLoopGroup loops = TransportType.best().eventLoops(1, "test-admin-taken");
        List<Path> bound = new ArrayList<>();
        AdminServer server =
                new AdminServer(TransportType.best(), loops.next(), new Routes(), null, proxy.failures::add, path -> {
                    SocketFile file = SocketFile.prepare(path);
                    bound.add(file.staging());
                    Files.createDirectory(path);
                    return file;
                });
        try {
            assertThatThrownBy(() -> server.open(new AdminPolicy(null, taken.toString())))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("control socket " + taken);

            assertThat(bound).hasSize(1);
            assertThat(Files.readString(Path.of("/proc/net/unix")))
                    .doesNotContain(bound.get(0).toString());
            assertThat(bound.get(0).getParent()).doesNotExist();
        } finally {
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mkfifo %s", "ln -s /nowhere %s", "mkdir %s"})
    void whatIsNoSocketIsNotReplaced(String maker) throws Exception {
        Path there = directory.resolve("there");
        Process made = new ProcessBuilder(maker.formatted(there).split(" ", -1)).start();
        assertThat(made.waitFor()).isZero();
        Object before = Files.readAttributes(there, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
        try (ControlledProxy other = ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of())) {
            assertThatThrownBy(() -> other.listen(there)).hasMessageContaining("no socket");
        }
        assertThat(Files.readAttributes(there, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                        .fileKey())
                .isEqualTo(before);
    }

    @Test
    void aReloadMovesTheSocket() throws IOException {
        Path next = directory.resolve("next.sock");
        proxy.server.open(new AdminPolicy(null, next.toString()));
        assertThat(control("GET", "status", Map.of()).status()).isEqualTo(200);
        proxy.server.settle();

        assertThat(socket).doesNotExist();
        assertThat(proxy.server.address()).isNull();
        try (ControlClient client = ControlClient.connect(next)) {
            assertThat(client.ask("GET", "status", Map.of()).status()).isEqualTo(200);
        }
        proxy.server.open(new AdminPolicy(null, AdminPolicy.SOCKET_OFF));
        proxy.server.settle();
        assertThat(next).doesNotExist();
    }

    @Test
    void whatCannotBeOpenedChangesNothing() throws IOException {
        Path nowhere = directory.resolve("no/such/directory/admin.sock");
        assertThatThrownBy(() -> proxy.server.open(new AdminPolicy(null, nowhere.toString())))
                .hasMessageStartingWith("control socket " + nowhere + ": there is no directory for it");
        proxy.server.settle();
        assertThat(control("GET", "status", Map.of()).status()).isEqualTo(200);
        assertThat(ask(get("/healthz"))).startsWith("HTTP/1.1 200 OK\r\n");
    }

    @Test
    void aMissingDirectoryIsMadePrivately() throws IOException {
        Path inside = directory.resolve("run/admin.sock");
        try (ControlledProxy other =
                ControlledProxy.of(Policies.of(POLICY), FakeDirectory.of()).listen(inside)) {
            assertThat(other.server.places()).hasSize(2);
            assertThat(inside).exists();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("run"))))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void loopbackIsThere() {
        assertThat(Objects.requireNonNull(proxy.server.address()).getAddress())
                .isEqualTo(InetAddress.getLoopbackAddress());
    }
}

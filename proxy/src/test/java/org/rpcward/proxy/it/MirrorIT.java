package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.rpcb;
import static org.rpcward.proxy.it.Calls.words;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.proxy.it.Questions.Question;

/** What a backend is asked, and when, while clients ask rpcward; and what they are told when it changes, or is away. */
@Alone
@RequiresLab(programs = {"rpcbind", "rpcinfo", "showmount", "tcpdump"})
class MirrorIT extends Opened {
    private static final int UDP = 17;
    private static final int TCP = 6;
    private static final int LOOKUP = 3;
    private static final int DUMP = 4;
    private static final int GETVERSADDR = 9;
    private static final int GETADDRLIST = 11;

    private static final int CLIENTS = 2000;
    private static final int FIRST_PROGRAM = 300_000;
    private static final int PROGRAMS = 50;
    private static final int FIRST_ABSENT = 0x3000_0000;
    private static final int ABSENT = 20_000;
    private static final int AT_ONCE = 64;
    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final int LATE = 400_000;

    private static final byte[] SYSTEM_ERR = words(1, 1, 0, 0, 0, 5);

    private Lab lab;
    private Caller caller;

    @BeforeAll
    void lab(@TempDir Path directory) throws IOException {
        lab = new Lab(directory);
        opened(lab);
        // Clients at all of 10.9.0.0/16.
        lab.client().ip("route add local 10.9.0.0/16 dev lo");
        lab.proxy().ip("route add 10.9.0.0/16 via " + Lab.CLIENT_V4);
        Running services = lab.proxy().converse(Programs.labProgram(ServiceStub.class));
        opened(services);
        assertThat(services.process().inputReader().readLine()).isEqualTo("ready");
        caller = new Caller(lab.client());
        opened(caller);
    }

    private Rpcbind rpcbind() {
        return openedForThis(Rpcbind.start(lab.backend()));
    }

    private Capture capture() {
        return openedForThis(new Capture(lab.backend(), "b0", "port 111"));
    }

    /** rpcward for a backend with these settings, whom everybody may ask anything. */
    private Rpcward rpcward(String settings) {
        return openedForThis(Rpcward.start(lab.proxy(), """
                version: 1
                listeners: { lan: { bind: [s0], tcp: { max_per_source: 500, new_per_source: 500, max_per_prefix: 1000 } } }
                backends: { legacy: { address: "10.111.0.2:111", %s } }
                rules: [{ name: all, from: any, then: allow }]
                """.formatted(settings)));
    }

    private void oldPortmapper(String transports, int millis, String... rows) {
        List<String> arguments = new ArrayList<>(List.of(Lab.BACKEND_V4, "111", transports, Integer.toString(millis)));
        arguments.addAll(List.of(rows));
        Running old = openedForThis(
                lab.backend().converse(Programs.labProgram(OldPortmapper.class, arguments.toArray(String[]::new))));
        try {
            assertThat(old.process().inputReader().readLine())
                    .as(old.diagnostics())
                    .isEqualTo("ready");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String clientAddress(int number) {
        return "10.9." + (number >> 8) + "." + (1 + (number & 0xff) % 254);
    }

    private int port(int program) {
        return Calls.word(caller.udp(Lab.PROXY_V4, getPort(1, program, 1, TCP)).orFail(), 6);
    }

    private byte[] askOverTcp(byte[] call) {
        List<byte[]> replies = caller.tcp(Lab.PROXY_V4, Calls.record(call)).records();
        assertThat(replies).hasSize(1);
        return replies.get(0);
    }

    /** After the first, which waits for a connection, and for a JVM that has only begun. */
    private static long shortestGap(List<Question> questions) {
        return Questions.shortestGapMicros(questions.subList(1, questions.size()));
    }

    /** Sends many calls, so many at a time; the replies in hexadecimal, with how often each came. */
    private Map<String, Integer> replies(int count, java.util.function.IntFunction<CompletableFuture<String>> ask) {
        Map<String, Integer> replies = new ConcurrentHashMap<>();
        Semaphore room = new Semaphore(AT_ONCE);
        CompletableFuture<?>[] asked = new CompletableFuture<?>[count];
        for (int i = 0; i < count; i++) {
            room.acquireUninterruptibly();
            asked[i] = ask.apply(i)
                    .whenComplete((reply, e) -> room.release())
                    .thenAccept(reply -> replies.merge(reply, 1, Integer::sum));
        }
        CompletableFuture.allOf(asked).join();
        return replies;
    }

    private CompletableFuture<String> getPortFrom(String source, int program) {
        return caller.udpLater(source, 0, Lab.PROXY_V4, 111, Duration.ofSeconds(10), getPort(1, program, 1, TCP))
                .thenApply(Caller.Datagram::hex);
    }

    private static String found(int port) {
        return HexFormat.of().formatHex(words(1, 1, 0, 0, 0, 0, port));
    }

    @Test
    void twoThousandClientsOfFiftyProgramsAreOneQuestionNowAndThenToTheBackend() {
        Rpcbind rpcbind = rpcbind();
        Map<String, Integer> expected = new HashMap<>();
        for (int p = 0; p < PROGRAMS; p++) {
            rpcbind.set(FIRST_PROGRAM + p, 1, "tcp", 10_000 + p);
            expected.put(found(10_000 + p), CLIENTS * 4 / PROGRAMS);
        }
        Capture capture = capture();
        rpcward("fresh: 1s, retry: 100ms");

        Map<String, Integer> replies =
                replies(CLIENTS * 4, i -> getPortFrom(clientAddress(i % CLIENTS), FIRST_PROGRAM + i % PROGRAMS));
        List<Question> questions = Questions.of(capture.packets());

        assertThat(replies).isEqualTo(expected);
        assertThat(questions).allMatch(Question::isDump);
        // With steady traffic it is read again when three quarters of `fresh` have passed.
        assertThat(shortestGap(questions)).as("%s", questions).isGreaterThan(700_000);
    }

    @Test
    void aWalkThroughTwentyThousandUnknownProgramsIsOneQuestionPerRetryAndNoneOfThemIsAsked() {
        Rpcbind rpcbind = rpcbind();
        rpcbind.set(FIRST_PROGRAM, 1, "tcp", 10_000);
        Capture capture = capture();
        rpcward("fresh: 5s, retry: 1s");

        Map<String, Integer> replies = replies(
                ABSENT,
                i -> i % 100 == 0
                        ? getPortFrom(clientAddress(i % CLIENTS), FIRST_PROGRAM)
                        : getPortFrom(clientAddress(i % CLIENTS), FIRST_ABSENT + i));
        List<Question> questions = Questions.of(capture.packets());

        assertThat(replies).isEqualTo(Map.of(found(0), ABSENT * 99 / 100, found(10_000), ABSENT / 100));
        assertThat(questions).allMatch(Question::isDump).isNotEmpty();
        assertThat(shortestGap(questions)).as("%s", questions).isGreaterThan(990_000);
        assertThat(Statistics.programsLookedUp(rpcbind.statistics())).isEmpty();
    }

    /** What is promised: a miss reads the registry, unless it was read less than {@code retry} ago. */
    @Test
    void aRegistrationIsFoundByTheFirstLookupAfterItOnceRetryHasPassed() {
        Rpcbind rpcbind = rpcbind();
        rpcward("fresh: 1h, stale: 2h, retry: 100ms");

        for (int i = 0; i < 20; i++) {
            int program = LATE + i;
            assertThat(port(program)).isZero();
            pass(Duration.ofMillis(110));
            rpcbind.set(program, 1, "tcp", 20_000 + i);
            byte[] reply = i % 2 == 0
                    ? caller.udp(Lab.PROXY_V4, getPort(1, program, 1, TCP)).orFail()
                    : askOverTcp(getPort(1, program, 1, TCP));

            assertThat(reply).as("round %d", i).isEqualTo(words(1, 1, 0, 0, 0, 0, 20_000 + i));
        }
    }

    @Test
    void aRegistrationWithinRetryIsAbsentAtOnceAndFoundByTheFirstLookupAfterRetry() {
        Rpcbind rpcbind = rpcbind();
        Capture capture = capture();
        rpcward("fresh: 1h, stale: 2h, retry: 2s, timeout: 5s");

        // The start was a reading; this miss waits for the next, and so begins the time.
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    rpcbind.set(LATE, 1, "tcp", 20_000);
                    return port(LATE) == 20_000;
                });
        long read = System.nanoTime();
        rpcbind.set(LATE + 1, 1, "tcp", 20_001);
        int atOnce = port(LATE + 1);
        Duration answeredAfter = Duration.ofNanos(System.nanoTime() - read);
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> port(LATE + 1) == 20_001);
        Duration foundAfter = Duration.ofNanos(System.nanoTime() - read);
        List<Question> questions = Questions.of(capture.packets());

        assertThat(atOnce).isZero();
        assertThat(answeredAfter).isLessThan(Duration.ofSeconds(1));
        assertThat(foundAfter).isBetween(Duration.ofMillis(1500), Duration.ofMillis(3500));
        assertThat(shortestGap(questions)).isGreaterThan(1_990_000);
    }

    /** Asks until the log's last word on the backend is this; every answer must be the same meanwhile. */
    private void awaitState(Rpcward rpcward, String state, byte[] call, byte[] answer) {
        await().alias("it is told that the backend is " + state)
                .atMost(Duration.ofSeconds(5))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    assertThat(askOverTcp(call)).isEqualTo(answer);
                    List<Map<String, Object>> events = rpcward.events("backend");
                    return !events.isEmpty()
                            && state.equals(events.get(events.size() - 1).get("state"));
                });
    }

    private static void pass(Duration time) {
        await().pollDelay(time).atMost(time.plusSeconds(5)).until(() -> true);
    }

    @Test
    void withoutTheBackendTheCopyAnswersForStaleAndAfterItsReturnTheAnswersAreRightAtOnce() throws Exception {
        Rpcbind first = Rpcbind.start(lab.backend());
        first.set(NFS, 3, "tcp", 2049);
        first.set(NFS, 3, "udp", 2049);
        Rpcward rpcward = rpcward("fresh: 500ms, stale: 5s, retry: 200ms");
        byte[] call = getPort(1, NFS, 3, TCP);
        byte[] answer = words(1, 1, 0, 0, 0, 0, 2049);
        awaitState(rpcward, "up", call, answer);

        first.close();
        long killed = System.nanoTime();
        awaitState(rpcward, "down", call, answer);
        List<byte[]> lists = List.of(Calls.call(1, 2, DUMP), Calls.call(1, 3, DUMP), Calls.call(1, 4, DUMP));
        assertThat(caller.udp(Lab.PROXY_V4, call).orFail()).isEqualTo(answer);
        assertThat(askOverTcp(call)).isEqualTo(answer);
        assertThat(port(LATE)).isZero();
        assertThat(lists).allSatisfy(list -> assertThat(askOverTcp(list)).hasSizeGreaterThan(100));

        await().alias("the copy is stale")
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> Arrays.equals(askOverTcp(call), SYSTEM_ERR));
        Duration answeredFor = Duration.ofNanos(System.nanoTime() - killed);
        assertThat(answeredFor).isBetween(Duration.ofMillis(4000), Duration.ofMillis(7500));
        assertThat(caller.quietUdp(Lab.PROXY_V4, call).hex()).isEqualTo("silence");
        assertThat(lists).allSatisfy(list -> assertThat(askOverTcp(list)).isEqualTo(SYSTEM_ERR));
        assertThat(askOverTcp(getPort(1, LATE, 1, TCP))).isEqualTo(SYSTEM_ERR);

        Rpcbind second = rpcbind();
        second.set(NFS, 3, "tcp", 3049);
        long back = System.nanoTime();
        await().alias("the backend is back")
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> Arrays.equals(askOverTcp(call), words(1, 1, 0, 0, 0, 0, 3049)));
        assertThat(Duration.ofNanos(System.nanoTime() - back)).isLessThan(Duration.ofSeconds(1));
        awaitState(rpcward, "up", call, words(1, 1, 0, 0, 0, 0, 3049));
    }

    /** One that listens on TCP alone, or on UDP alone, serves no worse. */
    @ParameterizedTest
    @ValueSource(strings = {"udp,tcp", "udp", "tcp"})
    void newClientsUnderstandAnOldPortmapper(String transports) {
        oldPortmapper(
                transports,
                0,
                "100000/2/tcp/111",
                "100000/2/udp/111",
                "100003/3/tcp/2049",
                "100003/3/udp/2049",
                "100005/3/tcp/20048",
                "100005/3/udp/20048");
        rpcward("fresh: 5s");

        assertSays("rpcinfo -p HOST", "100005 3 tcp 20048 mountd");
        assertSays("rpcinfo -s HOST", "100005 3 udp,tcp mountd");
        assertSays("rpcinfo HOST", "100005 3 tcp 0.0.0.0.78.80 mountd");
        assertSays("rpcinfo -l HOST 100005 3", "100005 3 inet/tcp/cots_ord 192.0.2.1.78.80");
        assertSays("rpcinfo -t HOST 100005", "program 100005 version 3 ready and waiting");
        assertSays("rpcinfo -T udp HOST 100003 3", "program 100003 version 3 ready and waiting");
        assertSays("showmount -e HOST", "/srv/data 192.0.2.0/24");
    }

    private void assertSays(String command, String expected) {
        Host.Finished finished =
                lab.client().run(List.of(command.replace("HOST", Lab.PROXY_V4).split(" ")), Duration.ofSeconds(60));

        assertThat(finished.status()).as(finished.all()).isZero();
        assertThat(finished.output().replaceAll(" +", " ")).as(command).contains(expected);
        assertThat(finished.took()).as(command).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void theVersionThatAnOldPortmapperSpeaksIsFoundOnce() {
        oldPortmapper("udp,tcp", 0, "100003/3/tcp/2049");
        Capture capture = capture();
        rpcward("fresh: 200ms, retry: 100ms");
        await().pollInterval(Duration.ofMillis(20)).until(() -> {
            askOverTcp(getPort(1, NFS, 3, TCP));
            return true;
        });
        for (int i = 0; i < 5; i++) {
            pass(Duration.ofMillis(210));
            assertThat(askOverTcp(getPort(1, NFS, 3, TCP))).isEqualTo(words(1, 1, 0, 0, 0, 0, 2049));
        }

        List<Integer> versions =
                Questions.of(capture.packets()).stream().map(Question::version).toList();
        assertThat(versions.subList(0, 3)).containsExactly(4, 3, 2);
        assertThat(versions.subList(3, versions.size())).hasSizeGreaterThan(4).containsOnly(2);
    }

    @Test
    void oldClientsUnderstandANewPortmapper() {
        Rpcbind rpcbind = rpcbind();
        for (String netid : List.of("udp", "tcp", "udp6", "tcp6")) {
            rpcbind.set(NFS, 3, netid, 2049);
        }
        rpcward("fresh: 5s");

        for (int protocol : List.of(UDP, TCP)) {
            byte[] call = getPort(1, NFS, 3, protocol);
            assertThat(caller.udp(Lab.PROXY_V4, call).orFail()).isEqualTo(words(1, 1, 0, 0, 0, 0, 2049));
            assertThat(askOverTcp(call)).isEqualTo(words(1, 1, 0, 0, 0, 0, 2049));
        }
        List<String> rows = Listings.rowsOfVersion2(askOverTcp(Calls.call(1, 2, DUMP)));
        assertThat(rows)
                .containsExactly(
                        "100000 4 6 111",
                        "100000 3 6 111",
                        "100000 2 6 111",
                        "100000 4 17 111",
                        "100000 3 17 111",
                        "100000 2 17 111",
                        "100003 3 17 2049",
                        "100003 3 6 2049");
    }

    @Test
    void whereLookupsAreForwardedOnlyKnownProgramsAreAskedForAndOnceWhileTheAnswerIsFresh() {
        Rpcbind rpcbind = rpcbind();
        for (int p = 0; p < PROGRAMS; p++) {
            rpcbind.set(FIRST_PROGRAM + p, 1, "tcp", 10_000 + p);
            rpcbind.set(FIRST_PROGRAM + p, 1, "udp", 10_000 + p);
        }
        Capture capture = capture();
        rpcward("answers: forward, fresh: 1h, stale: 2h, retry: 100ms");

        Map<String, Integer> replies = replies(
                CLIENTS,
                i -> i % 2 == 0
                        ? getPortFrom(clientAddress(i), FIRST_PROGRAM + i / 2 % PROGRAMS)
                        : getPortFrom(clientAddress(i), FIRST_ABSENT + i));
        byte[] address = askOverTcp(Calls.call(1, 4, LOOKUP, rpcb(FIRST_PROGRAM, 1, "tcp", "", "")));
        byte[] exact = askOverTcp(Calls.call(1, 4, GETVERSADDR, rpcb(FIRST_PROGRAM, 1, "tcp", "", "")));
        byte[] family = askOverTcp(Calls.call(1, 4, GETADDRLIST, rpcb(FIRST_PROGRAM, 1, "tcp", "", "")));
        List<Question> questions = Questions.of(capture.packets());

        Map<String, Integer> expected = new HashMap<>();
        expected.put(found(0), CLIENTS / 2);
        for (int p = 0; p < PROGRAMS; p++) {
            expected.put(found(10_000 + p), CLIENTS / 2 / PROGRAMS);
        }
        assertThat(replies).isEqualTo(expected);
        byte[] success = words(1, 1, 0, 0, 0, 0);
        assertThat(address).isEqualTo(Calls.concat(success, Calls.text("192.0.2.1.39.16")));
        assertThat(exact).isEqualTo(address);
        assertThat(family).hasSizeGreaterThan(100);
        assertThat(questions).allMatch(q -> q.isDump() || q.isLookup());
        List<Integer> asked = questions.stream()
                .filter(Question::isLookup)
                .map(Question::program)
                .sorted()
                .toList();
        assertThat(asked)
                .isEqualTo(IntStream.range(FIRST_PROGRAM, FIRST_PROGRAM + PROGRAMS)
                        .boxed()
                        .toList());
        assertThat(rpcbind.statistics())
                .satisfies(statistics -> assertThat(Statistics.programsLookedUp(statistics))
                        .allMatch(p -> p >= FIRST_PROGRAM && p < FIRST_PROGRAM + PROGRAMS));
    }

    @Test
    void whereLookupsAreForwardedOneQuestionIsInFlightHoweverManyAskIt() {
        oldPortmapper("udp,tcp", 300, "100003/3/tcp/2049", "100005/3/tcp/20048");
        Capture capture = capture();
        rpcward("answers: forward, fresh: 1s, retry: 100ms, timeout: 2s");

        Map<String, Integer> replies = replies(400, i -> getPortFrom(clientAddress(i), i % 2 == 0 ? NFS : MOUNTD));
        List<Question> questions = Questions.of(capture.packets());

        assertThat(replies).isEqualTo(Map.of(found(2049), 200, found(20_048), 200));
        for (int program : List.of(NFS, MOUNTD)) {
            List<Question> ofProgram =
                    questions.stream().filter(q -> q.program() == program).toList();
            assertThat(ofProgram).hasSizeBetween(1, 4);
            // The answer takes 300 ms, and is good for a second.
            assertThat(Questions.shortestGapMicros(ofProgram)).isGreaterThan(1_200_000);
        }
    }

    @Test
    void whereLookupsAreForwardedAServiceThatMovedIsFoundWithinFresh() {
        Rpcbind rpcbind = rpcbind();
        rpcbind.set(NFS, 1, "tcp", 2049);
        rpcward("answers: forward, fresh: 500ms, retry: 100ms");
        assertThat(port(NFS)).isEqualTo(2049);

        rpcbind.unset(NFS, 1, "tcp");
        rpcbind.set(NFS, 1, "tcp", 3049);

        await().atMost(Duration.ofSeconds(5))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> port(NFS) == 3049);
        rpcbind.unset(NFS, 1, "tcp");
        await().atMost(Duration.ofSeconds(5))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> port(NFS) == 0);
    }

    @Test
    void fiveThousandRegistrationsAreListedInEveryVersion() {
        Rpcbind rpcbind = rpcbind();
        for (int i = 0; i < 5000; i++) {
            rpcbind.set(FIRST_PROGRAM + i, 1, i % 2 == 0 ? "tcp" : "udp6", 10_000 + i);
        }
        rpcward("fresh: 5s, timeout: 5s");

        byte[] v2 = askOverTcp(Calls.call(1, 2, DUMP));
        byte[] v3 = askOverTcp(Calls.call(1, 3, DUMP));
        byte[] v4 = askOverTcp(Calls.call(1, 4, DUMP));

        // Those of the portmapper itself: six of version 2, and over IPv6 four more in the others.
        assertThat(v2).hasSize(24 + 20 * (2500 + 6) + 4);
        assertThat(v3).isEqualTo(v4);
        List<String> rows = Listings.rows(v4);
        assertThat(rows).hasSize(5000 + 10);
        for (int i = 0; i < 5000; i++) {
            int port = 10_000 + i;
            String host = i % 2 == 0 ? "tcp 0.0.0.0." : "udp6 ::.";
            assertThat(rows.get(10 + i))
                    .isEqualTo((FIRST_PROGRAM + i) + " 1 " + host + (port >> 8) + "." + (port & 0xff) + " ");
        }
        assertThat(port(FIRST_PROGRAM + 4998)).isEqualTo(14_998);
    }

    @Test
    void aSlowBackendNeverDelaysWhatIsKnown() {
        oldPortmapper("udp,tcp", 300, "100003/3/tcp/2049");
        Capture capture = capture();
        rpcward("fresh: 2s, retry: 100ms, timeout: 2s");
        assertThat(askOverTcp(getPort(1, NFS, 3, TCP))).isEqualTo(words(1, 1, 0, 0, 0, 0, 2049));

        Steady steady = openedForThis(new Steady(lab.client(), Lab.PROXY_V4, 4, 4, 5, List.of("100003/3")));
        // Misses make it read again and again meanwhile.
        Map<String, Integer> misses = replies(300, i -> getPortFrom(clientAddress(i), FIRST_ABSENT + i));
        pass(Duration.ofSeconds(4));
        Map<String, Long> counts = steady.stop();
        List<Question> questions = Questions.of(capture.packets());

        assertThat(misses).isEqualTo(Map.of(found(0), 300));
        assertThat(counts)
                .doesNotContainKeys("udp lost", "tcp lost", "closed")
                .containsEntry(
                        "100003 at 2049",
                        counts.getOrDefault("udp answered", 0L) + counts.getOrDefault("tcp answered", 0L));
        assertThat(questions).hasSizeGreaterThan(4);
    }
}

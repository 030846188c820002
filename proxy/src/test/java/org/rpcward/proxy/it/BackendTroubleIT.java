package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.proxy.it.HostileBackend.Trouble;

/** A backend may be slow, dead, mad or malicious: clients get an answer or a clean failure, in bounded time. */
@Alone
@RequiresLab
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BackendTroubleIT extends Opened {
    private static final int FIRST_PORT = 4000;
    private static final List<Trouble> TROUBLES = List.of(Trouble.values());
    private static final int NOBODY = 5999;

    /** The timeout of the backends below, and twice as much again for a machine that has other things to do. */
    private static final Duration BOUND = Duration.ofMillis(2400);

    private static final byte[] PORT = words(7, 1, 0, 0, 0, 0, HostileBackend.NFS_PORT);
    private static final byte[] SYSTEM_ERR = words(7, 1, 0, 0, 0, 5);

    private final Map<Trouble, CompletableFuture<Caller.Datagram>> heardOverUdp = new EnumMap<>(Trouble.class);
    private Caller caller;
    private Rpcward rpcward;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        Lab lab = opened(new Lab(directory));
        String[] troubles =
                Arrays.stream(Trouble.values()).map(t -> port(t) + "=" + t).toArray(String[]::new);
        Running backend = opened(lab.backend().converse(Programs.labProgram(HostileBackend.class, troubles)));
        assertThat(backend.process().inputReader().readLine()).isEqualTo("ready");
        caller = opened(new Caller(lab.client()));
        rpcward = opened(Rpcward.start(lab.proxy(), policy()));
        // Silence takes its time: all of it at the same time.
        for (Trouble t : Trouble.values()) {
            heardOverUdp.put(t, caller.udpLater(Caller.ANY_SOURCE, 0, Lab.PROXY_V4, port(t), BOUND, question()));
        }
    }

    private static int port(Trouble trouble) {
        return FIRST_PORT + TROUBLES.indexOf(trouble);
    }

    private static String policy() {
        StringBuilder listeners = new StringBuilder();
        StringBuilder backends = new StringBuilder();
        for (Trouble t : Trouble.values()) {
            add(listeners, backends, t.name().toLowerCase(Locale.ROOT), port(t), "mirror");
        }
        add(listeners, backends, "nobody", NOBODY, "mirror");
        for (Trouble t : List.of(Trouble.LYING_ABOUT_PORTS, Trouble.SLOW)) {
            String name = "asked-" + t.name().toLowerCase(Locale.ROOT);
            listeners.append(
                    "  %s: { bind: [s0], port: %d, workers: 1, backend: %s }\n".formatted(name, port(t) + 1000, name));
            backends.append("  %s: { address: \"10.111.0.2:%d\", timeout: 800ms, answers: forward }\n"
                    .formatted(name, port(t)));
        }
        return "version: 1\nlisteners:\n" + listeners + "backends:\n" + backends
                + "rules: [{ name: all, from: any, then: allow }]\n";
    }

    private static void add(StringBuilder listeners, StringBuilder backends, String name, int port, String answers) {
        listeners.append("  %s: { bind: [s0], port: %d, workers: 1, backend: %s }\n".formatted(name, port, name));
        backends.append(
                "  %s: { address: \"10.111.0.2:%d\", timeout: 800ms, fresh: 300ms, retry: 300ms, answers: %s }\n"
                        .formatted(name, port, answers));
    }

    private static byte[] question() {
        return Calls.getPort(7, HostileBackend.NFS, 3, 6);
    }

    /** What a client hears over UDP, within the bound: null for silence. */
    private Caller.Datagram overUdp(int port) {
        return caller.udpLater(Caller.ANY_SOURCE, 0, Lab.PROXY_V4, port, BOUND, question())
                .join();
    }

    private byte[] overTcp(int port) {
        long begin = System.nanoTime();
        List<byte[]> replies = caller.tcpLater(
                        Caller.ANY_SOURCE,
                        0,
                        Lab.PROXY_V4,
                        port,
                        Duration.ofSeconds(10),
                        Duration.ofMillis(1),
                        4 + SYSTEM_ERR.length,
                        false,
                        List.of(Calls.record(question())))
                .join()
                .records();
        assertThat(replies).hasSize(1);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(BOUND);
        return replies.get(0);
    }

    @ParameterizedTest
    @EnumSource(
            value = Trouble.class,
            names = {
                "NONE",
                "SLOW",
                "MANY_ROWS",
                "TOO_MANY_ROWS",
                "VERSION_2_ONLY",
                "LONG_ADDRESS",
                "ONE_ANSWER_A_CONNECTION",
                "LYING_ABOUT_PORTS"
            })
    void aClientIsAnsweredWhateverElseTheBackendDoes(Trouble trouble) {
        for (int i = 0; i < 3; i++) {
            assertThat(overTcp(port(trouble))).as("over tcp, " + i).isEqualTo(PORT);
            assertThat(overUdp(port(trouble)).reply()).as("over udp, " + i).isEqualTo(PORT);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Trouble.class,
            names = {
                "SILENT",
                "RESETTING",
                "CLOSING",
                "GARBAGE",
                "WRONG_XID",
                "ABSURD_RECORD",
                "ABSURD_TEXT",
                "ENDLESS_LIST",
                "ENDLESS_FRAGMENTS",
                "TRICKLING",
                "REFUSING",
                "FAILING"
            })
    void aClientGetsAnErrorOverTcpAndSilenceOverUdpWhenTheBackendSaysNothingOfUse(Trouble trouble) {
        assertThat(overTcp(port(trouble))).isEqualTo(SYSTEM_ERR);
        assertThat(overTcp(port(trouble))).isEqualTo(SYSTEM_ERR);
        assertThat(Objects.requireNonNull(heardOverUdp.get(trouble)).join().hex())
                .isEqualTo("silence");
    }

    @Test
    void whatWasKnownOfABackendThatDiesIsAnsweredFurther() {
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    assertThat(overTcp(port(Trouble.DYING))).isEqualTo(PORT);
                    assertThat(overUdp(port(Trouble.DYING)).reply()).isEqualTo(PORT);
                    return isDown(Trouble.DYING);
                });

        assertThat(overTcp(port(Trouble.DYING))).isEqualTo(PORT);
        assertThat(overUdp(port(Trouble.DYING)).reply()).isEqualTo(PORT);
    }

    private boolean isDown(Trouble trouble) {
        return rpcward.log()
                .lines()
                .anyMatch(
                        line -> line.contains("\"backend\":\"" + trouble.name().toLowerCase(Locale.ROOT) + "\"")
                                && line.contains("\"state\":\"down\""));
    }

    @Test
    void aBackendThatIsNotThereIsAnErrorAtOnce() {
        assertThat(overTcp(NOBODY)).isEqualTo(SYSTEM_ERR);
    }

    @Test
    void aSecondAnswerIsNobodys() {
        for (int i = 0; i < 20; i++) {
            assertThat(overTcp(port(Trouble.ANSWERING_TWICE))).isEqualTo(PORT);
        }
    }

    @Test
    void aBackendThatIsAskedForAPortAndLiesIsNotBelieved() {
        // The listing is right, so that is what is left.
        assertThat(overTcp(port(Trouble.LYING_ABOUT_PORTS) + 1000)).isEqualTo(PORT);
        assertThat(overUdp(port(Trouble.LYING_ABOUT_PORTS) + 1000).reply()).isEqualTo(PORT);
    }

    @Test
    void aSlowBackendThatIsAskedForAPortIsWaitedFor() {
        assertThat(overTcp(port(Trouble.SLOW) + 1000)).isEqualTo(PORT);
        assertThat(overUdp(port(Trouble.SLOW) + 1000).reply()).isEqualTo(PORT);
    }

    /** The last test looks for what rpcward has to say about it. */
    @Test
    void aClientThatIsGoneBeforeItsAnswerDisturbsNobody() {
        int port = port(Trouble.SLOW);
        byte[] question = Calls.record(Calls.getPort(7, HostileBackend.NFS, 1, 6));
        for (int round = 0; round < 3; round++) {
            List<CompletableFuture<Boolean>> gone = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                gone.add(caller.glut(Lab.PROXY_V4, port, BOUND, 1, question));
            }
            gone.forEach(CompletableFuture::join);

            assertThat(overTcp(port)).isEqualTo(PORT);
        }
    }

    /** So does this one. */
    @Test
    void aCallBehindOneThatEndsTheConnectionIsNotHeard() {
        byte[] reply = Calls.record(words(1, 1, 2, Calls.PROGRAM, 2, 3, 0, 0, 0, 0));
        byte[] question = Calls.record(Calls.getPort(7, HostileBackend.NFS, 1, 6));
        for (int round = 0; round < 3; round++) {
            Caller.Stream stream = caller.tcpLater(
                            Caller.ANY_SOURCE,
                            0,
                            Lab.PROXY_V4,
                            port(Trouble.SLOW),
                            BOUND,
                            BOUND,
                            Integer.MAX_VALUE,
                            false,
                            List.of(Calls.concat(reply, question)))
                    .join();

            assertThat(stream.open()).isFalse();
            assertThat(stream.received()).isEmpty();
            assertThat(overTcp(port(Trouble.SLOW))).isEqualTo(PORT);
        }
    }

    @Test
    void aListOfFiveThousandRowsIsServedWhole() {
        int rows = 5000 + 2 + 10;
        byte[] received = caller.tcpLater(
                        Caller.ANY_SOURCE,
                        0,
                        Lab.PROXY_V4,
                        port(Trouble.MANY_ROWS),
                        Duration.ofSeconds(10),
                        Duration.ZERO,
                        Integer.MAX_VALUE,
                        true,
                        List.of(Calls.record(Calls.call(7, 4, 4))))
                .join()
                .received();

        List<byte[]> records = Calls.records(received);
        assertThat(records)
                .as("records in %d bytes; %s", received.length, rpcward.events("overload"))
                .hasSize(1);
        byte[] reply = records.get(0);
        int at = 6;
        int count = 0;
        while (Calls.word(reply, at) == 1) {
            at += 3;
            for (int text = 0; text < 3; text++) {
                at += 1 + (Calls.word(reply, at) + 3) / 4;
            }
            count++;
        }
        assertThat(count).isEqualTo(rows);
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void oneBackendsTroubleIsNotAnothersAndAllOfItIsTold() {
        assertThat(overUdp(port(Trouble.NONE)).reply()).isEqualTo(PORT);
        assertThat(List.of(Trouble.SILENT, Trouble.GARBAGE, Trouble.ENDLESS_LIST, Trouble.ABSURD_TEXT))
                .allMatch(this::isDown);
        assertThat(List.of(Trouble.NONE, Trouble.SLOW, Trouble.VERSION_2_ONLY)).noneMatch(this::isDown);
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void rpcwardIsAliveWithoutAStackTraceAndWithBoundedMemory() {
        assertThat(caller.udpLater(Caller.ANY_SOURCE, 0, Lab.PROXY_V4, port(Trouble.SILENT), BOUND, Calls.ping(7))
                        .join()
                        .reply())
                .isEqualTo(words(7, 1, 0, 0, 0, 0));
        assertThat(rpcward.diagnostics() + rpcward.log()).doesNotContain("Exception", "\tat ", "LEAK", "Error:");
        assertThat(rpcward.residentMegabytes()).isLessThan(400);
    }
}

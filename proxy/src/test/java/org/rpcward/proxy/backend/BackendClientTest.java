package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult.Status;
import org.rpcward.proxy.backend.Loops.Result;
import org.rpcward.proxy.backend.TcpPeer.Connection;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.TransportType;

class BackendClientTest {
    private static final int NFS = 100_003;
    private static final String SUCCESS = "00000001 00000000 00000000 00000000 00000000";
    private static final String MISMATCH = "00000001 00000000 00000000 00000000 00000002 00000002 00000002";
    private static final String SYSTEM_ERR = "00000001 00000000 00000000 00000000 00000005";
    private static final String V2_LISTING = SUCCESS + "00000001 000186a3 00000003 00000006 00000801 00000000";
    private static final String V4_LISTING = SUCCESS
            + "00000001 000186a3 00000003 00000003 74637000 0000000b 302e302e 302e302e 382e3100 00000000 00000000";
    private static final Mapping ROW = Mapping.anywhere(NFS, 3, Netid.TCP, 2049);

    private final TransportType transport = TransportType.best();
    private final EventLoop loop = Loops.of(transport);
    private final TcpPeer tcp = new TcpPeer();
    private final UdpPeer udp = new UdpPeer(tcp.address().getPort());
    private final RecordedQuestions questions = new RecordedQuestions();
    private final BackendClient client =
            new BackendClient(tcp.address(), Duration.ofSeconds(20), transport, loop, new OwnConnections(), questions);

    BackendClientTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        Loops.run(loop, client::close);
        tcp.close();
        udp.close();
    }

    @Test
    void readsTheRegistryOverTcpInTheNewestVersion() throws Exception {
        Result<List<Mapping>> result = dump();
        try (Connection connection = tcp.accept()) {
            assertThat(answer(connection, V4_LISTING)).isEqualTo(4);
            assertThat(result.get().value()).containsExactly(ROW);
            assertThat(questions.events).containsExactly("asked", "tcp ok");
        }
    }

    @Test
    void goesDownToTheVersionThatTheBackendSpeaksAndRemembersIt() throws Exception {
        Result<List<Mapping>> first = dump();
        try (Connection connection = tcp.accept()) {
            assertThat(answer(connection, MISMATCH)).isEqualTo(4);
            assertThat(answer(connection, MISMATCH)).isEqualTo(3);
            assertThat(answer(connection, V2_LISTING)).isEqualTo(2);
            assertThat(first.get().value()).containsExactly(ROW);

            Result<List<Mapping>> second = dump();
            assertThat(answer(connection, V2_LISTING)).isEqualTo(2);
            assertThat(second.status()).isEqualTo(Status.OK);
            assertThat(questions.events).filteredOn("tcp mismatch"::equals).hasSize(2);
            assertThat(questions.events).filteredOn("asked"::equals).hasSize(4);
        }
    }

    @Test
    void beginsAnewWhenTheBackendSpeaksNoVersion() throws Exception {
        assertBeginsAnewAfter(MISMATCH, Status.MISMATCH);
    }

    @Test
    void beginsAnewWhenTheBackendFails() throws Exception {
        assertBeginsAnewAfter(SYSTEM_ERR, Status.ERROR);
    }

    private void assertBeginsAnewAfter(String failure, Status status) throws Exception {
        Result<List<Mapping>> first = dump();
        try (Connection connection = tcp.accept()) {
            answer(connection, MISMATCH);
            answer(connection, MISMATCH);
            assertThat(answer(connection, failure)).isEqualTo(2);
            assertThat(first.status()).isEqualTo(status);

            Result<List<Mapping>> second = dump();
            assertThat(answer(connection, V4_LISTING)).isEqualTo(4);
            assertThat(second.status()).isEqualTo(Status.OK);
        }
    }

    @Test
    void aPortmapperThatFailsInTheNewestVersionIsReadInTheOldestAndThenOnceMoreInTheNewest() throws Exception {
        Result<List<Mapping>> first = dump();
        try (Connection connection = tcp.accept()) {
            assertThat(answer(connection, SYSTEM_ERR)).isEqualTo(4);
            assertThat(first.status()).isEqualTo(Status.ERROR);

            Result<List<Mapping>> second = dump();
            assertThat(answer(connection, V2_LISTING)).isEqualTo(2);
            assertThat(answer(connection, SYSTEM_ERR)).isEqualTo(4);
            assertThat(second.get().value()).containsExactly(ROW);

            for (int i = 0; i < 3; i++) {
                Result<List<Mapping>> later = dump();
                assertThat(answer(connection, V2_LISTING)).isEqualTo(2);
                assertThat(later.status()).isEqualTo(Status.OK);
            }
        }
    }

    /** It says that it speaks version 3, and then fails in every version but that one, now and then. */
    @Test
    void theVersionThatAnsweredIsTheOneThatIsRemembered() throws Exception {
        try (Connection connection = readInVersion3()) {
            assertDumpOf(connection, Status.ERROR, "3 error");
            assertDumpOf(connection, Status.ERROR, "4 mismatch", "3 mismatch", "2 error");
            assertDumpOf(connection, Status.ERROR, "4 error");
            assertDumpOf(connection, Status.OK, "3 ok", "4 error");

            assertThat(client.protocol()).isEqualTo(3);
            assertDumpOf(connection, Status.OK, "3 ok");
        }
    }

    private Connection readInVersion3() throws Exception {
        Result<List<Mapping>> first = dump();
        Connection connection = tcp.accept();
        assertThat(answer(connection, MISMATCH)).isEqualTo(4);
        assertThat(answer(connection, V4_LISTING)).isEqualTo(3);
        assertThat(first.status()).isEqualTo(Status.OK);
        return connection;
    }

    /** @param questions the versions that have to be asked for, in order, and how each is answered */
    private void assertDumpOf(Connection connection, Status end, String... questions) throws Exception {
        Result<List<Mapping>> result = dump();
        for (String question : questions) {
            String rest = switch (question.substring(2)) {
                case "ok" -> V4_LISTING;
                case "mismatch" -> MISMATCH;
                default -> SYSTEM_ERR;
            };
            assertThat(answer(connection, rest)).as(question).isEqualTo(question.charAt(0) - '0');
        }
        assertThat(result.status()).isEqualTo(end);
    }

    /** A package that is upgraded restarts its portmapper within a moment, and version 2 is always spoken. */
    @Test
    void aPortmapperThatWasReplacedUnderAReadingIsReadInItsNewestVersionNextTime() throws Exception {
        try (Connection connection = readingAcrossARestart()) {
            Result<List<Mapping>> third = dump();
            assertThat(answer(connection, V4_LISTING)).isEqualTo(4);
            assertThat(third.status()).isEqualTo(Status.OK);
            assertThat(client.protocol()).isEqualTo(4);
        }
    }

    @Test
    void oneThatIsStillTheSameIsAskedAboutItOnceForEachConnection() throws Exception {
        try (Connection connection = readingAcrossARestart()) {
            for (List<Integer> versions : List.of(List.of(4, 3, 2), List.of(2), List.of(2))) {
                Result<List<Mapping>> later = dump();
                for (int version : versions) {
                    assertThat(answer(connection, version == 2 ? V2_LISTING : MISMATCH))
                            .isEqualTo(version);
                }
                assertThat(later.status()).isEqualTo(Status.OK);
            }
        }
    }

    /** The first portmapper is read in version 2 and ends when it is asked again; that question goes to the next one. */
    private Connection readingAcrossARestart() throws Exception {
        Result<List<Mapping>> second;
        try (Connection first = readInVersion2()) {
            second = dump();
            assertThat(protocol(first.receive())).isEqualTo(2);
        }
        Connection connection = tcp.accept();
        assertThat(answer(connection, V2_LISTING)).isEqualTo(2);
        assertThat(second.status()).isEqualTo(Status.OK);
        return connection;
    }

    private Connection readInVersion2() throws Exception {
        Result<List<Mapping>> first = dump();
        Connection connection = tcp.accept();
        assertThat(answer(connection, MISMATCH)).isEqualTo(4);
        assertThat(answer(connection, MISMATCH)).isEqualTo(3);
        assertThat(answer(connection, V2_LISTING)).isEqualTo(2);
        assertThat(first.status()).isEqualTo(Status.OK);
        return connection;
    }

    @Test
    void readsOverUdpWhenNobodyListensOnTcp() throws Exception {
        tcp.close();
        Result<List<Mapping>> result = dump();
        byte[] call = udp.receive();
        assertThat(protocol(call)).isEqualTo(4);
        udp.send(UdpPeer.reply(call, MISMATCH));
        call = udp.receive();
        assertThat(protocol(call)).isEqualTo(3);
        udp.send(UdpPeer.reply(call, V4_LISTING));

        assertThat(result.get().value()).containsExactly(ROW);
    }

    @Test
    void whereNobodyListensItIsRefused() throws Exception {
        tcp.close();
        udp.close();

        assertThat(dump().status()).isEqualTo(Status.REFUSED);
    }

    @Test
    void asksForPortsOverIpv4ByGetportAndOverIpv6ByGetaddr() throws Exception {
        Result<Integer> v4 = port(Netid.UDP, Transport.UDP);
        byte[] getPort = udp.receive();
        assertThat(Hex.of(Arrays.copyOfRange(getPort, 16, 24))).isEqualTo("00000002 00000003");
        udp.send(UdpPeer.reply(getPort, SUCCESS + "00000801"));
        assertThat(v4.get().value()).isEqualTo(2049);

        Result<Integer> v6 = port(Netid.TCP6, Transport.TCP);
        try (Connection connection = tcp.accept()) {
            byte[] getAddress = connection.receive();
            assertThat(Hex.of(Arrays.copyOfRange(getAddress, 16, 24))).isEqualTo("00000003 00000003");
            connection.sendRecord(UdpPeer.reply(getAddress, SUCCESS + "00000006 3a3a2e38 2e310000"));
            assertThat(v6.get().value()).isEqualTo(2049);
        }
    }

    @Test
    void asksWhetherAnybodyIsThere() throws Exception {
        Result<Boolean> result = new Result<>();
        Loops.run(loop, () -> client.ping(result));
        try (Connection connection = tcp.accept()) {
            byte[] call = connection.receive();
            assertThat(call).hasSize(40);
            assertThat(Hex.of(Arrays.copyOfRange(call, 20, 24))).isEqualTo("00000000");
            connection.sendRecord(UdpPeer.reply(call, SUCCESS));
            assertThat(result.status()).isEqualTo(Status.OK);
        }
    }

    @Test
    void knowsIpv6OnlyAtAnIpv6Address() throws IOException {
        InetSocketAddress v6 = new InetSocketAddress(InetAddress.getByAddress(new byte[16]), 111);

        assertThat(client.knowsV6()).isFalse();
        assertThat(new BackendClient(v6, Duration.ofSeconds(1), transport, loop, new OwnConnections(), questions)
                        .knowsV6())
                .isTrue();
    }

    @Test
    void afterItsEndItAsksNothing() throws Exception {
        Result<List<Mapping>> waiting = dump();
        try (Connection connection = tcp.accept()) {
            connection.receive();
            Loops.run(loop, client::close);

            assertThat(udp.hearsNothingFor(50)).isTrue();
            assertThat(waiting.status()).isEqualTo(Status.UNREACHABLE);
            assertThat(connection.isAtEnd()).isTrue();
        }
        assertThat(dump().status()).isEqualTo(Status.UNREACHABLE);
        assertThat(port(Netid.UDP, Transport.UDP).status()).isEqualTo(Status.UNREACHABLE);
        assertThat(udp.hearsNothingFor(50)).isTrue();
        assertThat(tcp.isLeftAloneFor(50)).isTrue();
    }

    private Result<List<Mapping>> dump() {
        Result<List<Mapping>> result = new Result<>();
        Loops.run(loop, () -> client.dump(result));
        return result;
    }

    private Result<Integer> port(Netid netid, Transport over) {
        Result<Integer> result = new Result<>();
        Loops.run(loop, () -> client.port(NFS, 3, netid, over, result));
        return result;
    }

    /** Answers the next call, and tells in which version of the protocol it was. */
    private static int answer(Connection connection, String rest) throws IOException {
        byte[] call = connection.receive();
        connection.sendRecord(UdpPeer.reply(call, rest));
        return protocol(call);
    }

    private static int protocol(byte[] call) {
        return call[19];
    }
}

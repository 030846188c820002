package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult.Status;
import org.rpcward.proxy.backend.Loops.Result;
import org.rpcward.proxy.backend.TcpPeer.Connection;
import org.rpcward.proxy.fixture.BackendBuilder;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.TransportType;

class FailoverClientTest {
    private static final int NFS = 100_003;
    private static final String SUCCESS = "00000001 00000000 00000000 00000000 00000000";
    private static final String SYSTEM_ERR = "00000001 00000000 00000000 00000000 00000005";
    private static final String MISMATCH_2_TO_3 = "00000001 00000000 00000000 00000000 00000002 00000002 00000003";
    private static final String EMPTY_LISTING = SUCCESS + "00000000";

    private final TransportType transport = TransportType.best();
    private final EventLoop loop = Loops.of(transport);
    private final RecordedBackendEvents observer = new RecordedBackendEvents();
    private final TcpPeer first = new TcpPeer();
    private final TcpPeer second = new TcpPeer();
    private final String firstName = "127.0.0.1:" + first.address().getPort();
    private final String secondName = "127.0.0.1:" + second.address().getPort();
    private static final Instant NOW = Instant.parse("2026-11-05T09:30:00Z");

    private final FailoverClient client =
            new FailoverClient(policy(), loop, observer, InstantSource.fixed(NOW), this::connect);

    FailoverClientTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        Loops.run(loop, client::close);
        first.close();
        second.close();
    }

    @Test
    void asksTheFirst() throws Exception {
        Result<List<Mapping>> result = dump();
        try (Connection connection = first.accept()) {
            answer(connection, EMPTY_LISTING);
            assertThat(result.status()).isEqualTo(Status.OK);
        }
        assertThat(observer.events).containsExactly("asked ok", "up " + firstName);
    }

    @Test
    void asksTheNextAtOnceWhenAReadingFails() throws Exception {
        Result<List<Mapping>> result = dump();
        try (Connection one = first.accept()) {
            answer(one, SYSTEM_ERR);
            try (Connection other = second.accept()) {
                answer(other, EMPTY_LISTING);
                assertThat(result.status()).isEqualTo(Status.OK);
            }
        }
        assertThat(observer.events)
                .containsExactly("asked error", "down " + firstName + " error", "asked ok", "up " + secondName);
    }

    @Test
    void tellsWhereTheRegistryWasReadAndInWhichVersion() throws Exception {
        assertThat(client.lastReading()).isNull();
        Result<List<Mapping>> result = dump();
        try (Connection one = first.accept()) {
            answer(one, SYSTEM_ERR);
            try (Connection other = second.accept()) {
                answer(other, MISMATCH_2_TO_3);
                answer(other, EMPTY_LISTING);
                assertThat(result.status()).isEqualTo(Status.OK);
            }
        }
        assertThat(client.lastReading()).isEqualTo(new Reading(secondName, 3));
    }

    @Test
    void tellsTheLastFailureWhenAllFail() throws Exception {
        first.close();
        second.close();

        assertThat(dump().status()).isEqualTo(Status.REFUSED);
        assertThat(dump().status()).isEqualTo(Status.REFUSED);
        assertThat(observer.events)
                .filteredOn(e -> e.startsWith("down"))
                .containsExactly("down " + firstName + " refused", "down " + secondName + " refused");
    }

    @Test
    void whatIsDownIsPingedAndTakesItsPlaceAgainWhenItAnsweredOftenEnough() throws Exception {
        Result<List<Mapping>> failed = dump();
        try (Connection one = first.accept()) {
            answer(one, SYSTEM_ERR);
            try (Connection other = second.accept()) {
                answer(other, EMPTY_LISTING);
                assertThat(failed.status()).isEqualTo(Status.OK);
                for (int i = 0; i < 2; i++) {
                    Result<List<Mapping>> served = dump();
                    answer(other, EMPTY_LISTING);
                    assertThat(served.status()).isEqualTo(Status.OK);
                    byte[] ping = one.receive();
                    assertThat(ping).hasSize(40);
                    assertThat(ping[23]).isZero();
                    one.sendRecord(UdpPeer.reply(ping, SUCCESS));
                    int round = i;
                    await().until(() ->
                            observer.count("asked ok") == 3 + 2 * round && observer.count("up " + firstName) == round);
                }
                Result<List<Mapping>> back = dump();
                answer(one, EMPTY_LISTING);
                // After its failure it is read in version 2, and once more in the newest.
                answer(one, EMPTY_LISTING);
                assertThat(back.status()).isEqualTo(Status.OK);
            }
        }
    }

    @Test
    void failuresInARowTakeItDownAndOneAnswerBetweenThemDoesNot() throws Exception {
        Result<List<Mapping>> good = dump();
        try (Connection one = first.accept()) {
            answer(one, EMPTY_LISTING);
            assertThat(good.status()).isEqualTo(Status.OK);
            for (String answer : List.of(SYSTEM_ERR, SYSTEM_ERR, SUCCESS + "00000801", SYSTEM_ERR, SYSTEM_ERR)) {
                Result<Integer> result = port();
                answer(one, answer);
                assertThat(result.status()).isNotEqualTo(Status.TIMEOUT);
            }
            assertThat(observer.events).noneMatch(e -> e.startsWith("down"));

            Result<Integer> third = port();
            answer(one, SYSTEM_ERR);
            assertThat(third.status()).isEqualTo(Status.ERROR);
            assertThat(observer.events).endsWith("asked error", "down " + firstName + " error");
            Result<Integer> elsewhere = port();
            try (Connection other = second.accept()) {
                answer(other, SUCCESS + "00000801");
                assertThat(elsewhere.get().value()).isEqualTo(2049);
            }
        }
    }

    /** One reading, answered by the first. */
    private void read(Connection one, FailoverClient standing) throws Exception {
        Result<List<Mapping>> result = new Result<>();
        Loops.run(loop, () -> standing.dump(result));
        answer(one, EMPTY_LISTING);
        assertThat(result.status()).isEqualTo(Status.OK);
    }

    @Test
    void oneThatStandsByIsAskedAtLeisureAndAtEachReadingWhileItMayBeGoingDown() throws Exception {
        FakeClock clock = new FakeClock();
        FailoverClient standing = new FailoverClient(policy(), loop, observer, clock, this::connect);
        Result<List<Mapping>> beginning = new Result<>();
        Loops.run(loop, () -> standing.dump(beginning));
        try (Connection one = first.accept()) {
            answer(one, EMPTY_LISTING);
            assertThat(beginning.status()).isEqualTo(Status.OK);
            clock.pass(FailoverClient.LEISURE.minusMillis(1));
            read(one, standing);
            assertThat(second.isLeftAloneFor(50)).isTrue();

            clock.pass(Duration.ofMillis(1));
            read(one, standing);
            try (Connection other = second.accept()) {
                byte[] ping = other.receive();
                assertThat(ping).hasSize(40);
                assertThat(ping[23]).isZero();
                other.sendRecord(UdpPeer.reply(ping, SUCCESS));
                await().until(() -> observer.count("up " + secondName) == 1);

                clock.pass(FailoverClient.LEISURE);
                for (int failed = 1; failed <= 3; failed++) {
                    read(one, standing);
                    answer(other, SYSTEM_ERR);
                    int all = failed;
                    await().until(() -> observer.count("asked error") == all);
                }
            }
            assertThat(observer.count("down " + secondName + " error")).isEqualTo(1);
            assertThat(standing.endpoints()).extracting(EndpointState::word).containsExactly("up", "down");
        } finally {
            Loops.run(loop, standing::close);
        }
    }

    @Test
    void oneThatStandsByAndIsGoneIsToldBeforeItIsNeeded() throws Exception {
        FakeClock clock = new FakeClock();
        FailoverClient standing = new FailoverClient(policy(), loop, observer, clock, this::connect);
        second.close();
        clock.pass(FailoverClient.LEISURE);
        Result<List<Mapping>> result = new Result<>();
        Loops.run(loop, () -> standing.dump(result));
        try (Connection one = first.accept()) {
            answer(one, EMPTY_LISTING);
            assertThat(result.status()).isEqualTo(Status.OK);
            await().until(() -> observer.count("down " + secondName + " refused") == 1);
            assertThat(standing.endpoints()).extracting(EndpointState::word).containsExactly("up", "down");
        } finally {
            Loops.run(loop, standing::close);
        }
    }

    @Test
    void oneThatRestsIsNotAskedAtLeisureEither() throws Exception {
        FakeClock clock = new FakeClock();
        FailoverClient standing = new FailoverClient(policy(), loop, observer, clock, this::connect);
        standing.drain(secondName, true);
        clock.pass(FailoverClient.LEISURE);
        Result<List<Mapping>> result = new Result<>();
        Loops.run(loop, () -> standing.dump(result));
        try (Connection one = first.accept()) {
            answer(one, EMPTY_LISTING);
            assertThat(result.status()).isEqualTo(Status.OK);
            assertThat(second.isLeftAloneFor(50)).isTrue();
        } finally {
            Loops.run(loop, standing::close);
        }
    }

    @Test
    void afterItsEndNobodyIsAsked() throws Exception {
        Result<List<Mapping>> waiting = dump();
        try (Connection connection = first.accept()) {
            connection.receive();
            Loops.run(loop, client::close);

            assertThat(waiting.status()).isEqualTo(Status.UNREACHABLE);
            assertThat(second.isLeftAloneFor(50)).isTrue();
        }
    }

    @Test
    void knowsIpv6WhenTheOneThatServesDoes() {
        assertThat(client.knowsV6()).isFalse();
        assertThat(client.loop()).isSameAs(loop);
        FailoverClient v6 = new FailoverClient(
                new BackendBuilder().endpoint(new IpAddress(0, 1), 111).build(),
                loop,
                observer,
                InstantSource.fixed(NOW),
                this::connect);
        assertThat(v6.knowsV6()).isTrue();
    }

    private static void answer(Connection connection, String rest) throws IOException {
        connection.sendRecord(UdpPeer.reply(connection.receive(), rest));
    }

    private Result<List<Mapping>> dump() {
        Result<List<Mapping>> result = new Result<>();
        Loops.run(loop, () -> client.dump(result));
        return result;
    }

    private Result<Integer> port() {
        Result<Integer> result = new Result<>();
        Loops.run(loop, () -> client.port(NFS, 3, Netid.TCP, Transport.TCP, result));
        return result;
    }

    private BackendPolicy policy() {
        IpAddress loopback = IpAddress.v4(0x7f000001);
        return new BackendBuilder()
                .endpoint(loopback, first.address().getPort())
                .endpoint(loopback, second.address().getPort())
                .health(2, 3)
                .build();
    }

    private BackendClient connect(BackendPolicy.Endpoint endpoint, EventLoop on) {
        try {
            InetAddress host = InetAddress.getByAddress(endpoint.address().bytes());
            InetSocketAddress address = new InetSocketAddress(host, endpoint.port());
            return new BackendClient(
                    address, Duration.ofSeconds(20), transport, on, new OwnConnections(), new RecordedQuestions());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.fixture.CallBytes.fragment;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.proxy.backend.BackendResult.Status;
import org.rpcward.proxy.backend.Loops.Result;
import org.rpcward.proxy.backend.TcpPeer.Connection;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.TransportType;

@ParameterizedClass
@MethodSource("transports")
class TcpConversationTest {
    private static final int NFS = 100_003;
    private static final int MAX_IN_FLIGHT = 256;

    /** Where the program asked about stands in a call without credentials. */
    private static final int PROGRAM_AT = 40;

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final String SUCCESS = "00000001 00000000 00000000 00000000 00000000";
    private static final String PORT_2049 = SUCCESS + " 00000801";
    private static final String ROW = "00000001 000186a3 00000003 00000006 00000801";

    @Parameter
    TransportType transport = TransportType.NIO;

    private final OwnConnections own = new OwnConnections();
    private final List<TcpConversation> conversations = new ArrayList<>();
    private final TcpPeer peer = new TcpPeer();
    private volatile boolean shortOfDescriptors;

    TcpConversationTest() throws IOException {}

    static Set<TransportType> transports() {
        return Loops.transports();
    }

    @AfterEach
    void close() throws IOException {
        conversations.forEach(c -> Loops.run(loop(), c::close));
        peer.close();
    }

    @Test
    void asksInOneFragmentFromAPortThatNobodyTrusts() throws Exception {
        Result<Integer> result = ask(conversation(LONG));
        try (Connection connection = peer.accept()) {
            byte[] call = connection.receiveFragment();
            byte[] wanted = CallBytes.call(2, 3).mapping(NFS, 3, 6, 0).record();
            assertThat(Hex.of(Arrays.copyOf(call, 4))).isEqualTo(Hex.of(Arrays.copyOf(wanted, 4)));
            assertThat(Hex.of(Arrays.copyOfRange(call, 8, call.length)))
                    .isEqualTo(Hex.of(Arrays.copyOfRange(wanted, 8, wanted.length)));
            assertThat(connection.asker().getPort()).isGreaterThanOrEqualTo(1024);

            connection.sendRecord(UdpPeer.reply(Arrays.copyOfRange(call, 4, 8), PORT_2049));
            assertThat(result.get()).isEqualTo(new BackendResult<>(Status.OK, 2049));
        }
    }

    @Test
    void aReplyInFragmentsAndPiecesIsPutTogether() throws Exception {
        Result<List<Mapping>> result = dump(conversation(LONG));
        try (Connection connection = peer.accept()) {
            byte[] reply = UdpPeer.reply(connection.receive(), SUCCESS + ROW.repeat(2000) + "00000000");
            for (int at = 0; at < reply.length; at += 8996) {
                int end = Math.min(reply.length, at + 8996);
                byte[] fragment = fragment(Arrays.copyOfRange(reply, at, end), end == reply.length);
                connection.send(Arrays.copyOf(fragment, 2));
                connection.send(Arrays.copyOfRange(fragment, 2, 7));
                connection.send(Arrays.copyOfRange(fragment, 7, fragment.length));
            }
            assertThat(result.get().value()).hasSize(2000).containsOnly(Mapping.anywhere(NFS, 3, Netid.TCP, 2049));
        }
    }

    @Test
    void oneConnectionServesAllQuestionsInAnyOrder() throws Exception {
        TcpConversation conversation = conversation(LONG);
        List<Result<Integer>> results = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            results.add(ask(conversation, i));
        }
        try (Connection connection = peer.accept()) {
            List<byte[]> calls = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                calls.add(connection.receive());
            }
            Collections.reverse(calls);
            for (byte[] call : calls) {
                int program = call[PROGRAM_AT + 3];
                connection.sendRecord(UdpPeer.reply(call, SUCCESS + Hex.word(1000 + program)));
            }
            for (int i = 0; i < 10; i++) {
                assertThat(results.get(i).get().value()).isEqualTo(1000 + i);
            }
            Result<Integer> later = ask(conversation);
            connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
            assertThat(later.status()).isEqualTo(Status.OK);
        }
    }

    @Test
    void anUnexpectedReplyEndsTheConnection() throws Exception {
        TcpConversation conversation = conversation(LONG);
        Result<Integer> result = ask(conversation);
        try (Connection connection = peer.accept()) {
            byte[] reply = UdpPeer.reply(connection.receive(), PORT_2049);
            reply[0] ^= 1;
            connection.sendRecord(reply);

            assertThat(result.status()).isEqualTo(Status.NONSENSE);
            assertThat(connection.isAtEnd()).isTrue();
        }
        assertAsksOnANewConnection(conversation);
    }

    @Test
    void aSecondReplyToOneQuestionEndsTheConnection() throws Exception {
        TcpConversation conversation = conversation(LONG);
        Result<Integer> result = ask(conversation);
        try (Connection connection = peer.accept()) {
            byte[] reply = UdpPeer.reply(connection.receive(), PORT_2049);
            connection.sendRecord(reply);
            connection.sendRecord(reply);

            assertThat(result.status()).isEqualTo(Status.OK);
            assertThat(connection.isAtEnd()).isTrue();
        }
        assertAsksOnANewConnection(conversation);
    }

    @Test
    void nonsenseEndsTheConnection() throws Exception {
        for (String nonsense : List.of(
                "80000003 000000", // no xid
                "80800001", // longer than a listing may be
                "7fffffff",
                "00000000", // an empty fragment
                "48545450 2f312e31 20343030")) {
            Result<Integer> result = ask(conversation(LONG));
            try (Connection connection = peer.accept()) {
                connection.receive();
                connection.send(Hex.bytes(nonsense));

                assertThat(result.status()).as(nonsense).isEqualTo(Status.NONSENSE);
                assertThat(connection.isAtEnd()).isTrue();
            }
        }
    }

    @Test
    void impossibleResultsEndTheConnection() throws Exception {
        Result<Integer> result = ask(conversation(LONG));
        try (Connection connection = peer.accept()) {
            connection.sendRecord(UdpPeer.reply(connection.receive(), SUCCESS + "00010000"));

            assertThat(result.status()).isEqualTo(Status.NONSENSE);
            assertThat(connection.isAtEnd()).isTrue();
        }
    }

    @Test
    void anErrorOfTheProtocolLeavesTheConnection() throws Exception {
        TcpConversation conversation = conversation(LONG);
        Result<Integer> denied = ask(conversation);
        try (Connection connection = peer.accept()) {
            connection.sendRecord(UdpPeer.reply(connection.receive(), "00000001 00000001 00000001 00000005"));
            assertThat(denied.status()).isEqualTo(Status.ERROR);

            Result<Integer> next = ask(conversation);
            connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
            assertThat(next.status()).isEqualTo(Status.OK);
        }
    }

    @Test
    void questionsOnAReusedConnectionThatBreaksAreAskedOnceMore() throws Exception {
        for (boolean reset : new boolean[] {false, true}) {
            TcpConversation conversation = conversation(LONG);
            Result<Integer> first = ask(conversation);
            Result<Integer> second;
            Result<Integer> third;
            try (Connection connection = peer.accept()) {
                connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
                assertThat(first.status()).isEqualTo(Status.OK);
                second = ask(conversation);
                third = ask(conversation);
                connection.receive();
                connection.receive();
                if (reset) {
                    connection.reset();
                }
            }
            try (Connection connection = peer.accept()) {
                byte[] one = connection.receive();
                byte[] other = connection.receive();
                connection.sendRecord(UdpPeer.reply(one, PORT_2049));
                connection.sendRecord(UdpPeer.reply(other, PORT_2049));
                assertThat(second.status()).isEqualTo(Status.OK);
                assertThat(third.status()).isEqualTo(Status.OK);
            }
        }
    }

    @Test
    void aQuestionIsAskedOnceMoreOnly() throws Exception {
        TcpConversation conversation = conversation(LONG);
        Result<Integer> first = ask(conversation);
        Result<Integer> second;
        try (Connection connection = peer.accept()) {
            connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
            assertThat(first.status()).isEqualTo(Status.OK);
            second = ask(conversation);
            connection.receive();
        }
        try (Connection connection = peer.accept()) {
            connection.receive();
        }
        assertThat(second.status()).isEqualTo(Status.UNREACHABLE);
        assertThat(peer.isLeftAloneFor(50)).isTrue();
    }

    @Test
    void aBackendThatClosesAFreshConnectionIsNotAskedAgain() throws Exception {
        Result<Integer> result = ask(conversation(LONG));
        peer.accept().close();

        assertThat(result.status()).isEqualTo(Status.UNREACHABLE);
        assertThat(peer.isLeftAloneFor(50)).isTrue();
    }

    @Test
    void aConnectionThatTheBackendClosedBetweenQuestionsIsReplaced() throws Exception {
        TcpConversation conversation = conversation(LONG);
        Result<Integer> first = ask(conversation);
        InetSocketAddress end;
        try (Connection connection = peer.accept()) {
            connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
            assertThat(first.status()).isEqualTo(Status.OK);
            end = connection.asker();
        }
        await().until(() -> !own.contains(end));

        assertAsksOnANewConnection(conversation);
    }

    @Test
    void withoutADescriptorNobodyIsThereUntilThereIsOneAgain() throws Exception {
        shortOfDescriptors = true;
        TcpConversation conversation = conversation(LONG);
        Result<Integer> one = ask(conversation);
        assertThat(one.status()).isEqualTo(Status.UNREACHABLE);
        Result<Integer> other = ask(conversation);
        assertThat(other.status()).isEqualTo(Status.UNREACHABLE);

        shortOfDescriptors = false;
        assertAsksOnANewConnection(conversation);
    }

    @Test
    void whatWaitedOnAConnectionThatBrokeIsNotAskedWithoutADescriptor() throws Exception {
        TcpConversation conversation = conversation(LONG);
        Result<Integer> first = ask(conversation);
        Result<Integer> second;
        Result<Integer> third;
        try (Connection connection = peer.accept()) {
            connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
            assertThat(first.status()).isEqualTo(Status.OK);
            second = ask(conversation);
            third = ask(conversation);
            connection.receive();
            connection.receive();
            shortOfDescriptors = true;
        }
        assertThat(second.status()).isEqualTo(Status.UNREACHABLE);
        assertThat(third.status()).isEqualTo(Status.UNREACHABLE);
    }

    @Test
    void nobodyThereIsToldAtOnce() throws Exception {
        peer.close();

        assertThat(ask(conversation(LONG)).status()).isEqualTo(Status.REFUSED);
    }

    @Test
    void silenceEndsTheQuestionAndTheConnection() throws Exception {
        long start = System.nanoTime();
        TcpConversation conversation = conversation(SHORT);
        Result<Integer> result = ask(conversation);
        try (Connection connection = peer.accept()) {
            connection.receive();

            assertThat(result.status()).isEqualTo(Status.TIMEOUT);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(SHORT);
            assertThat(connection.isAtEnd()).isTrue();
        }
        assertAsksOnANewConnection(conversation);
    }

    @Test
    void aReplyThatIsNotWholeInTimeIsNone() throws Exception {
        Result<Integer> result = ask(conversation(SHORT));
        try (Connection connection = peer.accept()) {
            byte[] reply = CallBytes.record(UdpPeer.reply(connection.receive(), PORT_2049));
            connection.send(Arrays.copyOf(reply, reply.length - 1));

            assertThat(result.status()).isEqualTo(Status.TIMEOUT);
            assertThat(connection.isAtEnd()).isTrue();
        }
    }

    @Test
    void noMoreThanSoManyAreUnderWay() throws Exception {
        TcpConversation conversation = conversation(LONG);
        List<Result<Integer>> results = new ArrayList<>();
        Loops.run(loop(), () -> {
            for (int i = 0; i < MAX_IN_FLIGHT; i++) {
                results.add(askHere(conversation, NFS));
            }
        });
        assertThat(results).noneMatch(Result::isDone);

        assertThat(ask(conversation).status()).isEqualTo(Status.OVERLOADED);
        Loops.run(loop(), conversation::close);
        for (Result<Integer> result : results) {
            assertThat(result.status()).isEqualTo(Status.UNREACHABLE);
        }
    }

    @Test
    void itsOwnEndIsKnownWhileItIsOpen() throws Exception {
        TcpConversation conversation = conversation(LONG);
        Result<Integer> result = ask(conversation);
        try (Connection connection = peer.accept()) {
            connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
            assertThat(result.status()).isEqualTo(Status.OK);
            assertThat(own.contains(connection.asker())).isTrue();

            Loops.run(loop(), conversation::close);
            await().until(() -> !own.contains(connection.asker()));
            assertThat(connection.isAtEnd()).isTrue();
        }
    }

    private void assertAsksOnANewConnection(TcpConversation conversation) throws Exception {
        Result<Integer> next = ask(conversation);
        try (Connection connection = peer.accept()) {
            connection.sendRecord(UdpPeer.reply(connection.receive(), PORT_2049));
            assertThat(next.status()).isEqualTo(Status.OK);
        }
    }

    private EventLoop loop() {
        return Loops.of(transport);
    }

    private TcpConversation conversation(Duration timeout) {
        TcpConversation conversation = new TcpConversation(peer.address(), timeout, this::socket, loop(), own);
        conversations.add(conversation);
        return conversation;
    }

    private Channel socket() {
        if (shortOfDescriptors) {
            throw new ChannelException("too many open files");
        }
        return transport.socketChannel();
    }

    private Result<Integer> ask(TcpConversation conversation) {
        return ask(conversation, NFS);
    }

    private Result<Integer> ask(TcpConversation conversation, int program) {
        List<Result<Integer>> asked = new ArrayList<>();
        Loops.run(loop(), () -> asked.add(askHere(conversation, program)));
        return asked.get(0);
    }

    private static Result<Integer> askHere(TcpConversation conversation, int program) {
        Result<Integer> result = new Result<>();
        conversation.ask(BackendCall.port(program, 3, Netid.TCP, result));
        return result;
    }

    private Result<List<Mapping>> dump(TcpConversation conversation) {
        Result<List<Mapping>> result = new Result<>();
        Loops.run(loop(), () -> conversation.ask(BackendCall.dump(2, result)));
        return result;
    }
}

package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.proxy.backend.BackendResult.Status;
import org.rpcward.proxy.backend.Loops.Result;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.transport.TransportType;

@ParameterizedClass
@MethodSource("transports")
class UdpConversationTest {
    private static final int NFS = 100_003;
    private static final int MAX_IN_FLIGHT = 1024;
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final String SUCCESS = "00000001 00000000 00000000 00000000 00000000";
    private static final String PORT_2049 = SUCCESS + " 00000801";

    @Parameter
    TransportType transport = TransportType.NIO;

    private final List<UdpConversation> conversations = new ArrayList<>();
    private final List<Channel> sockets = new CopyOnWriteArrayList<>();
    private UdpPeer peer = new UdpPeer();
    private volatile boolean shortOfDescriptors;

    UdpConversationTest() throws IOException {}

    static Set<TransportType> transports() {
        return Loops.transports();
    }

    @AfterEach
    void close() {
        conversations.forEach(c -> Loops.run(loop(), c::close));
        peer.close();
    }

    @Test
    void asksAndReadsTheAnswer() throws Exception {
        Result<Integer> result = ask(conversation(LONG));
        byte[] call = peer.receive();
        peer.send(UdpPeer.reply(call, PORT_2049));

        assertThat(result.get()).isEqualTo(new BackendResult<>(Status.OK, 2049));
        byte[] wanted = CallBytes.call(2, 3).mapping(NFS, 3, 17, 0).bytes();
        assertThat(Hex.of(Arrays.copyOfRange(call, 4, call.length)))
                .isEqualTo(Hex.of(Arrays.copyOfRange(wanted, 4, wanted.length)));
    }

    @Test
    void asksFromAPortThatNobodyTrusts() throws Exception {
        Result<Integer> result = ask(conversation(LONG));
        byte[] call = peer.receive();

        assertThat(peer.asker().getPort()).isGreaterThanOrEqualTo(1024);
        peer.send(UdpPeer.reply(call, PORT_2049));
        assertThat(result.status()).isEqualTo(Status.OK);
    }

    @Test
    void aReplyToAnotherQuestionIsPassedOver() throws Exception {
        Result<Integer> result = ask(conversation(LONG));
        byte[] call = peer.receive();
        byte[] forged = UdpPeer.reply(call, SUCCESS + " 00000016");
        forged[3] ^= 1;
        peer.send(forged);
        peer.send(new byte[0]);
        peer.send(new byte[3]);
        peer.send(UdpPeer.reply(call, PORT_2049));

        assertThat(result.get().value()).isEqualTo(2049);
    }

    @Test
    void aReplyFromElsewhereDoesNotArrive() throws Exception {
        Result<Integer> result = ask(conversation(LONG));
        byte[] call = peer.receive();
        try (UdpPeer stranger = new UdpPeer()) {
            stranger.sendTo(peer.asker(), UdpPeer.reply(call, SUCCESS + " 00000016"));
        }
        peer.send(UdpPeer.reply(call, PORT_2049));

        assertThat(result.get().value()).isEqualTo(2049);
    }

    @Test
    void repliesMayComeInAnyOrder() throws Exception {
        UdpConversation conversation = conversation(LONG);
        List<Result<Integer>> results = new ArrayList<>();
        List<byte[]> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            results.add(ask(conversation));
            calls.add(peer.receive());
        }
        for (int i = 19; i >= 0; i--) {
            peer.send(UdpPeer.reply(calls.get(i), SUCCESS + Hex.word(1000 + i)));
        }

        for (int i = 0; i < 20; i++) {
            assertThat(results.get(i).get().value()).isEqualTo(1000 + i);
        }
        assertThat(new HashSet<>(
                        calls.stream().map(c -> Hex.of(Arrays.copyOf(c, 4))).toList()))
                .hasSize(20);
    }

    @Test
    void asksASecondTimeWhenHalfOfTheTimeHasGoneAndThenGivesUp() throws Exception {
        long start = System.nanoTime();
        Result<Integer> result = ask(conversation(SHORT));
        byte[] first = peer.receive();
        byte[] second = peer.receive();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(SHORT.dividedBy(2));
        assertThat(second).isEqualTo(first);

        assertThat(result.status()).isEqualTo(Status.TIMEOUT);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(SHORT);
        assertThat(peer.hearsNothingFor(50)).isTrue();
    }

    @Test
    void theAnswerToTheSecondIsAsGood() throws Exception {
        Result<Integer> result = ask(conversation(Duration.ofMillis(600)));
        peer.receive();
        byte[] second = peer.receive();
        peer.send(UdpPeer.reply(second, PORT_2049));
        peer.send(UdpPeer.reply(second, PORT_2049));

        assertThat(result.get().value()).isEqualTo(2049);
    }

    @Test
    void whatWasAnsweredIsNotAskedAgain() throws Exception {
        Result<Integer> result = ask(conversation(SHORT));
        peer.send(UdpPeer.reply(peer.receive(), PORT_2049));

        assertThat(result.status()).isEqualTo(Status.OK);
        assertThat(peer.hearsNothingFor((int) SHORT.toMillis())).isTrue();
    }

    @Test
    void aReplyThatIsLateIsPassedOver() throws Exception {
        UdpConversation conversation = conversation(Duration.ofMillis(100));
        Result<Integer> late = ask(conversation);
        byte[] call = peer.receive();
        assertThat(late.status()).isEqualTo(Status.TIMEOUT);
        peer.receive();
        peer.send(UdpPeer.reply(call, SUCCESS + " 00000016"));

        Result<Integer> next = ask(conversation);
        peer.send(UdpPeer.reply(peer.receive(), PORT_2049));
        assertThat(next.get().value()).isEqualTo(2049);
        assertThat(late.status()).isEqualTo(Status.TIMEOUT);
    }

    @Test
    void nobodyThereIsToldAtOnceAndAskedAnew() throws Exception {
        InetSocketAddress place = peer.address();
        peer.close();
        UdpConversation conversation = conversation(place, LONG);
        assertThat(ask(conversation).status()).isEqualTo(Status.REFUSED);

        peer = new UdpPeer(place.getPort());
        assertAnswers(conversation);
    }

    @Test
    void withoutADescriptorNobodyIsThereUntilThereIsOneAgain() throws Exception {
        shortOfDescriptors = true;
        UdpConversation conversation = conversation(LONG);
        Result<Integer> one = ask(conversation);
        assertThat(one.status()).isEqualTo(Status.UNREACHABLE);
        Result<Integer> other = ask(conversation);
        assertThat(other.status()).isEqualTo(Status.UNREACHABLE);

        shortOfDescriptors = false;
        assertAnswers(conversation);
    }

    @Test
    void aSocketThatWasClosedFromBelowIsReplaced() throws Exception {
        UdpConversation conversation = conversation(LONG);
        Result<Integer> waiting = ask(conversation);
        peer.receive();
        Loops.run(loop(), () -> sockets.get(0).close());
        assertThat(waiting.status()).isEqualTo(Status.UNREACHABLE);

        assertAnswers(conversation);
    }

    @Test
    void noMoreThanSoManyAreUnderWay() throws Exception {
        UdpConversation conversation = conversation(LONG);
        List<Result<Integer>> results = new ArrayList<>();
        Loops.run(loop(), () -> {
            for (int i = 0; i < MAX_IN_FLIGHT; i++) {
                results.add(askHere(conversation));
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
    void everyAnswerOfTheProtocolEndsTheQuestion() throws Exception {
        UdpConversation conversation = conversation(LONG);
        String[][] answers = {
            {"00000001 00000001 00000001 00000005", "ERROR"},
            {"00000001 00000000 00000000 00000000 00000005", "ERROR"},
            {"00000001 00000000 00000000 00000000 00000002 00000002 00000002", "MISMATCH"},
            {"00000001 00000000 00000000 00000000 00000003", "MISMATCH"},
            {"00000000 00000000 00000000 00000000 00000000", "NONSENSE"},
            {SUCCESS, "NONSENSE"},
            {SUCCESS + " 00010000", "NONSENSE"},
            {PORT_2049 + " 00000000", "NONSENSE"},
            {"", "NONSENSE"},
        };
        for (String[] answer : answers) {
            Result<Integer> result = ask(conversation);
            peer.send(UdpPeer.reply(peer.receive(), answer[0]));
            assertThat(result.status()).as(answer[0]).isEqualTo(Status.valueOf(answer[1]));
        }
    }

    @Test
    void aListingLongerThanRpcbindSendsOverUdpIsNotBelieved() throws Exception {
        UdpConversation conversation = conversation(LONG);
        Result<List<Mapping>> result = new Result<>();
        Loops.run(loop(), () -> conversation.ask(BackendCall.dump(2, result)));
        String row = "00000001 000186a3 00000003 00000006 00000801";
        peer.send(UdpPeer.reply(peer.receive(), SUCCESS + row.repeat(1000) + "00000000"));

        assertThat(result.status()).isEqualTo(Status.NONSENSE);
    }

    private EventLoop loop() {
        return Loops.of(transport);
    }

    private UdpConversation conversation(Duration timeout) {
        return conversation(peer.address(), timeout);
    }

    private UdpConversation conversation(InetSocketAddress address, Duration timeout) {
        UdpConversation conversation = new UdpConversation(address, timeout, this::socket, loop());
        conversations.add(conversation);
        return conversation;
    }

    private Channel socket() {
        if (shortOfDescriptors) {
            throw new ChannelException("too many open files");
        }
        Channel socket = transport.datagramChannel(true);
        sockets.add(socket);
        return socket;
    }

    private void assertAnswers(UdpConversation conversation) throws Exception {
        Result<Integer> result = ask(conversation);
        peer.send(UdpPeer.reply(peer.receive(), PORT_2049));
        assertThat(result.status()).isEqualTo(Status.OK);
    }

    private Result<Integer> ask(UdpConversation conversation) {
        List<Result<Integer>> asked = new ArrayList<>();
        Loops.run(loop(), () -> asked.add(askHere(conversation)));
        return asked.get(0);
    }

    private static Result<Integer> askHere(UdpConversation conversation) {
        Result<Integer> result = new Result<>();
        conversation.ask(BackendCall.port(NFS, 3, Netid.UDP, result));
        return result;
    }
}

package org.rpcward.proxy.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.CallBytes.call;

import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.transport.OwnConnections;

class StreamFrontendTest {
    private static final int MAX_RECORD = 1024;
    private static final int MAX_PIPELINED = 4;
    private static final Duration IDLE = Duration.ofSeconds(15);
    private static final Duration FIRST_RECORD = Duration.ofSeconds(3);
    private static final Duration A_MOMENT = Duration.ofMillis(1);
    private static final ListenerPolicy.Tcp LIMITS =
            new ListenerPolicy.Tcp(5, 2, IDLE, FIRST_RECORD, MAX_RECORD, MAX_PIPELINED);
    private static final InetSocketAddress PEER = new InetSocketAddress("198.51.100.7", 40_000);
    private static final IpAddress LOCAL = IpAddress.v4(0xc0000201);
    private static final Mapping NFS = Mapping.anywhere(100_003, 3, Netid.TCP, 2049);

    /** Everything is allowed but listings, which end the connection, and what nobody may, which is hidden. */
    private static final Policy POLICY = Policies.of("""
            rules:
              - { name: builtin/indirect, from: any, call: indirect, then: hide }
              - { name: no lists, from: any, call: list, then: drop }
              - { name: all, from: any, then: allow, call: [ping, lookup, time, convert, stats] }
            """);

    private final FakeDirectory directory = FakeDirectory.of(NFS);
    private final RecordingObserver observer = new RecordingObserver();
    private final PortmapService service =
            new PortmapService(Policies.serving(POLICY, directory), InstantSource.fixed(Instant.EPOCH), observer);
    private final ConnectionLimiter limiter = new ConnectionLimiter();
    private final OwnConnections own = new OwnConnections();
    private final List<TestConnection> connections = new ArrayList<>();

    @AfterEach
    void nothingIsKept() {
        for (TestConnection connection : connections) {
            connection.finishAndReleaseAll();
            connection.checkException();
            assertThat(connection.isAllReleased()).isTrue();
        }
        assertThat(limiter.open()).isZero();
    }

    @Test
    void aCallIsAnsweredInARecordOfItsOwn() throws Exception {
        TestConnection connection = connect();
        connection.send(ping(1));

        assertThat(connection.replies()).containsExactly("00000001 00000001 00000000 00000000 00000000 00000000");
        assertThat(connection.isActive()).isTrue();
    }

    @Test
    void callsThatArriveTogetherAreAnsweredInOrder() throws Exception {
        TestConnection connection = connect();
        byte[][] pings =
                IntStream.range(0, 500).mapToObj(StreamFrontendTest::ping).toArray(byte[][]::new);
        connection.send(pings);

        assertThat(connection.repliedXids())
                .isEqualTo(IntStream.range(0, 500).boxed().toList());
    }

    @Test
    void aCallThatArrivesByteByByteIsAnswered() throws Exception {
        TestConnection connection = connect();
        for (byte b : ping(1)) {
            assertThat(connection.replies()).isEmpty();
            connection.send(new byte[] {b});
        }

        assertThat(connection.repliedXids()).containsExactly(1);
    }

    @Test
    void aReplyThatIsReadyBeforeItsTurnWaits() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(lookup(1), ping(2), lookup(3));
        assertThat(connection.replies()).isEmpty();

        directory.answerLast();
        assertThat(connection.replies()).isEmpty();
        directory.answerFirst();
        assertThat(connection.repliedXids()).containsExactly(1, 2, 3);
    }

    @Test
    void repliesLeaveAsSoonAsItIsTheirTurn() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(lookup(1), lookup(2), lookup(3));

        for (int xid = 1; xid <= 3; xid++) {
            directory.answerFirst();
            assertThat(connection.repliedXids()).containsExactly(xid);
        }
    }

    @Test
    void noMoreCallsAreReadAheadOfTheirRepliesThanAllowed() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        int readsAsked = connection.readsAsked();
        connection.send(
                IntStream.range(0, 10).mapToObj(StreamFrontendTest::lookup).toArray(byte[][]::new));

        assertThat(directory.waiting()).isEqualTo(MAX_PIPELINED);
        assertThat(connection.readsAsked()).isEqualTo(readsAsked);
        for (int xid = 0; xid < 10; xid++) {
            assertThat(directory.waiting()).isEqualTo(Math.min(MAX_PIPELINED, 10 - xid));
            directory.answerFirst();
            assertThat(connection.repliedXids()).containsExactly(xid);
        }
        assertThat(connection.readsAsked()).isGreaterThan(readsAsked);
    }

    @Test
    void nothingIsReadWhileTheRowIsFull() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(lookup(1), lookup(2), lookup(3));
        assertThat(connection.readsAsked()).isEqualTo(2);
        connection.send(lookup(4));
        assertThat(connection.readsAsked()).isEqualTo(2);

        directory.answerLast();
        assertThat(connection.readsAsked()).isEqualTo(2);
        directory.answerFirst();
        assertThat(connection.readsAsked()).isEqualTo(3);
        directory.answerFirst();
        directory.answerFirst();
    }

    @Test
    void nothingIsReadOrHandledWhileThePeerDoesNotTakeItsReplies() throws Exception {
        TestConnection connection = connect();
        connection.stopReading();
        int sent = 0;
        while (connection.isWritable()) {
            connection.send(ping(++sent));
        }
        int readsAsked = connection.readsAsked();
        observer.take();
        connection.send(lookup(sent + 1), lookup(sent + 2));
        assertThat(observer.take()).isEmpty();
        assertThat(connection.readsAsked()).isEqualTo(readsAsked);

        connection.read(Long.MAX_VALUE);
        assertThat(connection.repliedXids())
                .isEqualTo(IntStream.rangeClosed(1, sent + 2).boxed().toList());
        assertThat(connection.readsAsked()).isGreaterThan(readsAsked);
    }

    @Test
    void aPeerThatTakesNoRepliesIsCut() throws Exception {
        TestConnection connection = connect();
        connection.stopReading();
        connection.send(ping(1));
        connection.pass(IDLE.minus(A_MOMENT));
        assertThat(connection.isActive()).isTrue();

        connection.pass(IDLE.plus(A_MOMENT));
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void aPeerThatTakesItsRepliesSlowlyIsNotCut() throws Exception {
        TestConnection connection = connect();
        connection.stopReading();
        connection.send(IntStream.range(0, 8).mapToObj(StreamFrontendTest::ping).toArray(byte[][]::new));
        for (int xid = 0; xid < 8; xid++) {
            connection.pass(IDLE.minus(A_MOMENT));
            assertThat(connection.isActive()).isTrue();
            connection.read(30);
            assertThat(connection.repliedXids()).containsExactly(xid);
        }
        connection.pass(IDLE.multipliedBy(2));
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void aPeerThatSaidItsLastAndTakesNoRepliesIsCutToo() throws Exception {
        TestConnection connection = connect();
        connection.stopReading();
        connection.send(ping(1), dump(2));
        assertThat(connection.isActive()).isTrue();

        connection.pass(IDLE.multipliedBy(2));
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void aConnectionWithoutAWholeCallIsClosedSoon() throws Exception {
        TestConnection connection = connect();
        connection.pass(FIRST_RECORD.minus(A_MOMENT));
        assertThat(connection.isActive()).isTrue();

        connection.pass(A_MOMENT);
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void bytesThatAreNoWholeCallDoNotCount() throws Exception {
        TestConnection connection = connect();
        byte[] record = lookup(1);
        for (int i = 0; i < 29; i++) {
            connection.pass(Duration.ofMillis(100));
            connection.send(new byte[] {record[i]});
        }
        assertThat(connection.isActive()).isTrue();
        connection.pass(Duration.ofMillis(100));
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void aConnectionWithoutACallForLongIsClosed() throws Exception {
        TestConnection connection = connect();
        for (int xid = 0; xid < 5; xid++) {
            connection.send(ping(xid));
            connection.pass(IDLE.minus(A_MOMENT));
            assertThat(connection.isActive()).isTrue();
        }
        connection.pass(A_MOMENT);
        assertThat(connection.isActive()).isFalse();
        assertThat(connection.repliedXids()).hasSize(5);
    }

    @Test
    void bytesThatAreNoWholeCallDoNotCountAfterACallEither() throws Exception {
        TestConnection connection = connect();
        connection.send(ping(1));
        byte[] record = lookup(2);
        for (int i = 0; i < 14; i++) {
            connection.pass(Duration.ofSeconds(1));
            connection.send(new byte[] {record[i]});
        }
        assertThat(connection.isActive()).isTrue();
        connection.pass(Duration.ofSeconds(1));
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void whoWaitsForTheBackendIsNotIdle() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(lookup(1));
        for (int i = 0; i < 10; i++) {
            connection.pass(IDLE);
            assertThat(connection.isActive()).isTrue();
        }
        directory.answerFirst();
        assertThat(connection.repliedXids()).containsExactly(1);
        connection.pass(IDLE);
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void aPeerThatSaidItsLastIsAnsweredAndThenClosed() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(lookup(1), lookup(2));
        connection.pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        assertThat(connection.isActive()).isTrue();
        directory.answerFirst();
        assertThat(connection.isActive()).isTrue();

        directory.answerFirst();
        assertThat(connection.repliedXids()).containsExactly(1, 2);
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void aPeerThatSaidItsLastWithoutACallOrInTheMiddleOfOneIsClosed() throws Exception {
        for (byte[] before : new byte[][] {{}, {(byte) 0x80}, ping(1)}) {
            TestConnection connection = connect();
            connection.send(before);
            connection.pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
            assertThat(connection.isActive()).isFalse();
            assertThat(connection.repliedXids()).hasSize(before.length > 1 ? 1 : 0);
        }
    }

    @Test
    void callsBeyondTheRowAreAnsweredBeforeTheEndToo() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(
                IntStream.range(0, 10).mapToObj(StreamFrontendTest::lookup).toArray(byte[][]::new));
        connection.pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        for (int xid = 0; xid < 10; xid++) {
            assertThat(connection.isActive()).isTrue();
            directory.answerFirst();
        }

        assertThat(connection.repliedXids()).hasSize(10);
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void aDroppedCallEndsTheConnectionAfterTheRepliesBeforeIt() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(lookup(1), dump(2), ping(3), lookup(4));
        assertThat(connection.isActive()).isTrue();
        directory.answerFirst();

        assertThat(connection.repliedXids()).containsExactly(1);
        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void whatIsNoRecordEndsTheConnectionAfterTheRepliesBeforeIt() throws Exception {
        for (String nonsense : new String[] {"7fffffff", "80000000", "00000000", "47455420", "80000004 00000000"}) {
            FakeDirectory slow = FakeDirectory.of(NFS).delaying();
            service.replace(Policies.serving(POLICY, slow));
            TestConnection connection = connect();
            connection.send(lookup(1), Hex.bytes(nonsense), ping(2));
            assertThat(connection.isActive()).isTrue();
            slow.answerFirst();

            assertThat(connection.repliedXids()).containsExactly(1);
            assertThat(connection.isActive()).isFalse();
        }
    }

    @Test
    void nonsenseAloneEndsTheConnectionWithoutAByte() throws Exception {
        for (byte[] nonsense : new byte[][] {
            Hex.bytes("ffffffff"),
            Hex.bytes("80000010 00000001 00000000 00000002 000186a0"),
            call(4, 0).rpcVersion(3).record(),
            call(4, 0).messageType(1).record(),
        }) {
            TestConnection connection = connect();
            connection.send(nonsense);
            assertThat(connection.replies()).isEmpty();
            assertThat(connection.isActive()).isFalse();
        }
    }

    @Test
    void anErrorLeavesTheConnection() throws Exception {
        TestConnection connection = connect();
        connection.send(
                call(4, 3).xid(1).record(),
                call(4, 99).xid(2).record(),
                call(9, 0).xid(3).record(),
                call(4, 0).xid(4).credential(7, new byte[0]).record(),
                CallBytes.of(Procedure.SET, 2).xid(5).record(),
                ping(6));

        assertThat(connection.repliedXids()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(connection.isActive()).isTrue();
    }

    @Test
    void aCallThatHasNoReplyLeavesTheConnection() throws Exception {
        TestConnection connection = connect();
        connection.send(ping(1), CallBytes.of(Procedure.CALLIT, 2).xid(2).record(), ping(3));

        assertThat(connection.repliedXids()).containsExactly(1, 3);
        assertThat(connection.isActive()).isTrue();
    }

    @Test
    void aFragmentedCallIsOneCall() throws Exception {
        TestConnection connection = connect();
        byte[] message = call(2, 0).xid(1).bytes();
        byte[] head = java.util.Arrays.copyOf(message, 40);
        connection.send(
                CallBytes.fragment(head, false), CallBytes.fragment(call(2, 1).bytes(), true));

        // A ping in the first fragment and a SET in the second are a ping with trailing bytes.
        assertThat(connection.replies()).containsExactly("00000001 00000001 00000000 00000000 00000000 00000004");
        assertThat(observer.take()).containsExactly("malformed trailing_bytes allow", "replied fault 24");
    }

    @Test
    void aDrainedConnectionAnswersWhatItHasAndReadsNoMore() throws Exception {
        directory.delaying();
        TestConnection busy = connect();
        busy.send(lookup(1));
        int readsAsked = busy.readsAsked();
        busy.pipeline().fireUserEventTriggered(StreamFrontend.DRAIN);
        assertThat(busy.isActive()).isTrue();
        assertThat(busy.readsAsked()).isEqualTo(readsAsked);
        directory.answerFirst();
        assertThat(busy.repliedXids()).containsExactly(1);
        assertThat(busy.isActive()).isFalse();

        TestConnection idle = connect();
        idle.pipeline().fireUserEventTriggered(StreamFrontend.DRAIN);
        assertThat(idle.isActive()).isFalse();
    }

    @Test
    void noMoreConnectionsOfOneSourceStayThanAllowed() throws Exception {
        TestConnection first = connect();
        TestConnection second = connect();
        TestConnection third = connect();
        assertThat(first.isActive()).isTrue();
        assertThat(second.isActive()).isTrue();
        assertThat(third.isActive()).isFalse();
        assertThat(connect(new InetSocketAddress("198.51.100.8", 1)).isActive()).isTrue();

        first.close();
        assertThat(connect().isActive()).isTrue();
        assertThat(limiter.open()).isEqualTo(3);
    }

    @Test
    void noMoreConnectionsStayThanAllowedInAll() throws Exception {
        for (int i = 1; i <= 5; i++) {
            assertThat(connect(new InetSocketAddress("198.51.100." + i, 1)).isActive())
                    .isTrue();
        }
        TestConnection beyond = connect(new InetSocketAddress("198.51.100.99", 1));
        assertThat(beyond.isActive()).isFalse();
        assertThat(limiter.open()).isEqualTo(5);
    }

    @Test
    void aConnectionOfRpcwardItselfIsClosedUnanswered() throws Exception {
        own.add(PEER);
        TestConnection connection = connect();
        connection.send(ping(1));

        assertThat(connection.replies()).isEmpty();
        assertThat(connection.isActive()).isFalse();
        assertThat(observer.events()).isEmpty();
    }

    @Test
    void anAnswerThatComesAfterTheConnectionIsGoneIsForgotten() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(lookup(1), lookup(2));
        connection.close();
        directory.answerLast();
        directory.answerFirst();

        assertThat(connection.replies()).isEmpty();
    }

    @Test
    void aConnectionThatEndsWithCallsThatWaitLeavesNothing() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        connection.send(
                IntStream.range(0, 10).mapToObj(StreamFrontendTest::lookup).toArray(byte[][]::new));
        directory.answerLast();
        connection.close();

        assertThat(connection.isAllReleased()).isTrue();
    }

    @Test
    void aResetConnectionIsClosedWithoutNoise() throws Exception {
        TestConnection connection = connect();
        connection.pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));

        assertThat(connection.isActive()).isFalse();
    }

    @Test
    void afterTheEndNothingIsTaken() throws Exception {
        TestConnection connection = connect();
        connection.stopReading();
        connection.send(ping(1), dump(2));
        observer.take();
        connection.send(ping(3));

        assertThat(observer.events()).isEmpty();
        connection.read(Long.MAX_VALUE);
        assertThat(connection.repliedXids()).containsExactly(1);
        assertThat(connection.isActive()).isFalse();
    }

    private TestConnection connect() throws Exception {
        return connect(PEER);
    }

    private TestConnection connect(InetSocketAddress peer) throws Exception {
        LocalAddress local = new LocalAddress(
                Policies.LISTENER, new InetSocketAddress("192.0.2.1", 111), LOCAL, new Results.Asked(LOCAL, null));
        TestConnection connection = new TestConnection(
                peer, MAX_RECORD, new StreamFrontend(service, new ListeningPoint(local), LIMITS, limiter, own));
        connections.add(connection);
        return connection;
    }

    private static byte[] ping(int xid) {
        return call(4, 0).xid(xid).record();
    }

    private static byte[] lookup(int xid) {
        return CallBytes.of(Procedure.GETPORT, 2).xid(xid).record();
    }

    private static byte[] dump(int xid) {
        return call(4, 4).xid(xid).record();
    }
}

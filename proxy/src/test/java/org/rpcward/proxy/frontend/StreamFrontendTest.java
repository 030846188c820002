package org.rpcward.proxy.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.rpcward.proxy.fixture.CallBytes.call;

import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.RecordDecoder;

class StreamFrontendTest {
    private static final int MAX_RECORD = 1024;
    private static final int MAX_PIPELINED = 4;
    private static final Duration IDLE = Duration.ofSeconds(15);
    private static final Duration FIRST_RECORD = Duration.ofSeconds(3);
    private static final Duration A_MOMENT = Duration.ofMillis(1);
    private static final Duration RECORD = Duration.ofSeconds(2);
    private static final Duration LIFE = Duration.ofMinutes(10);
    private static final Duration TICK = Duration.ofNanos(DeadlineWheel.TICK_NANOS);
    private static final int MAX_CALLS = 1000;
    private static final ListenerPolicy.Tcp LIMITS = new ListenerPolicy.Tcp(
            100, 100, 100, 1000, 1000, 1000, IDLE, FIRST_RECORD, RECORD, LIFE, MAX_RECORD, MAX_PIPELINED, MAX_CALLS);
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
            Services.of(Policies.serving(POLICY, directory), InstantSource.fixed(Instant.EPOCH), observer);
    private final ConnectionLimiter limiter = new ConnectionLimiter(() -> 0, () -> 0);
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
        connection.pass(Duration.ofMillis(50));
        connection.send(ping(1));
        connection.pass(IDLE.minus(A_MOMENT));
        assertThat(connection.isActive()).isTrue();

        connection.pass(TICK);
        assertClosed(connection, CloseReason.NOT_READING);
    }

    @Test
    void aPeerThatStopsTakingItsRepliesIsCutAsLongAfterItsLastByte() throws Exception {
        TestConnection connection = connect();
        connection.stopReading();
        connection.send(ping(1), ping(2), ping(3));
        connection.pass(IDLE.minus(Duration.ofSeconds(1)));
        connection.read(30);
        connection.pass(IDLE.minus(A_MOMENT));
        assertThat(connection.isActive()).isTrue();

        connection.pass(TICK.multipliedBy(2));
        assertClosed(connection, CloseReason.NOT_READING);
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
        connection.pass(IDLE.plus(TICK));
        assertClosed(connection, CloseReason.IDLE);
    }

    @Test
    void aPeerThatSaidItsLastAndTakesNoRepliesIsCutToo() throws Exception {
        TestConnection connection = connect();
        connection.stopReading();
        connection.send(ping(1), dump(2));
        assertThat(connection.isActive()).isTrue();

        connection.pass(IDLE.plus(TICK));
        assertClosed(connection, CloseReason.NOT_READING);
    }

    @Test
    void aConnectionWithoutAWholeCallIsClosedSoon() throws Exception {
        TestConnection connection = connect();
        connection.pass(FIRST_RECORD.minus(A_MOMENT));
        assertThat(connection.isActive()).isTrue();

        connection.pass(A_MOMENT);
        assertClosed(connection, CloseReason.FIRST_RECORD);
    }

    @Test
    void bytesThatAreNoWholeCallDoNotCount() throws Exception {
        TestConnection connection = connect();
        connection.pass(Duration.ofMillis(1500));
        byte[] record = lookup(1);
        for (int i = 0; i < 14; i++) {
            connection.pass(Duration.ofMillis(100));
            connection.send(new byte[] {record[i]});
        }
        assertThat(connection.isActive()).isTrue();
        connection.pass(TICK);
        assertClosed(connection, CloseReason.FIRST_RECORD);
    }

    @Test
    void aConnectionWithoutACallForLongIsClosed() throws Exception {
        TestConnection connection = connect();
        for (int xid = 0; xid < 5; xid++) {
            connection.send(ping(xid));
            connection.pass(IDLE.minus(A_MOMENT));
            assertThat(connection.isActive()).isTrue();
        }
        connection.pass(TICK);
        assertClosed(connection, CloseReason.IDLE);
        assertThat(connection.repliedXids()).hasSize(5);
    }

    @Test
    void aRecordThatHasBegunMustBecomeWholeSoon() throws Exception {
        for (byte[] begun :
                new byte[][] {{(byte) 0x80}, {(byte) 0x80, 0, 0, 40, 1, 2}, Hex.bytes("00000004 00000001")}) {
            TestConnection connection = connect();
            connection.send(ping(1));
            connection.pass(Duration.ofSeconds(7));
            connection.send(begun);
            connection.pass(RECORD.minus(A_MOMENT));
            assertThat(connection.isActive()).isTrue();

            connection.pass(TICK);
            assertClosed(connection, CloseReason.DRIP);
        }
    }

    @Test
    void moreBytesOfARecordDoNotGiveItMoreTime() throws Exception {
        TestConnection connection = connect();
        connection.send(ping(1));
        byte[] record = lookup(2);
        for (int i = 0; i < 20; i++) {
            connection.send(new byte[] {record[i]});
            connection.pass(TICK);
        }

        assertClosed(connection, CloseReason.DRIP);
    }

    @Test
    void recordsThatOverlapTheReadsHaveTheirOwnTimeEach() throws Exception {
        TestConnection connection = connect();
        byte[] half = Arrays.copyOf(lookup(1), 20);
        connection.send(half);
        for (int xid = 1; xid < 10; xid++) {
            connection.pass(RECORD.minus(TICK));
            byte[] rest = Arrays.copyOfRange(lookup(xid), 20, lookup(xid).length);
            connection.send(rest, Arrays.copyOf(lookup(xid + 1), 20));
            assertThat(connection.repliedXids()).hasSize(1);
        }
        connection.pass(RECORD);
        assertClosed(connection, CloseReason.DRIP);
    }

    @Test
    void aRecordThatIsNotReadOnBecauseTheRowIsFullHasTime() throws Exception {
        directory.delaying();
        TestConnection connection = connect();
        byte[] fifth = lookup(5);
        connection.send(lookup(1), lookup(2), lookup(3), lookup(4), Arrays.copyOf(fifth, 20));
        connection.pass(RECORD.multipliedBy(3));
        assertThat(connection.isActive()).isTrue();
        directory.answerFirst();
        connection.pass(RECORD.minus(A_MOMENT));
        assertThat(connection.isActive()).isTrue();
        connection.pass(TICK);
        assertClosed(connection, CloseReason.DRIP);
        while (directory.waiting() > 0) {
            directory.answerFirst();
        }
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
        connection.pass(IDLE.minus(A_MOMENT));
        assertThat(connection.isActive()).isTrue();
        connection.pass(TICK);
        assertClosed(connection, CloseReason.IDLE);
    }

    @Test
    void aConnectionEndsWhenItHasLivedLongEnoughHoweverBusyItIs() throws Exception {
        TestConnection connection = connect();
        for (long second = 0; second < LIFE.toSeconds(); second++) {
            assertThat(connection.isActive()).isTrue();
            connection.send(ping((int) second));
            connection.pass(Duration.ofSeconds(1));
        }
        assertClosed(connection, CloseReason.LIFETIME);
        assertThat(connection.repliedXids()).hasSize((int) LIFE.toSeconds());
    }

    @Test
    void whatIsUnderWayAtTheEndOfALifeIsAnswered() throws Exception {
        TestConnection connection = connect();
        for (Duration passed = Duration.ZERO; passed.compareTo(LIFE) < 0; passed = passed.plusSeconds(10)) {
            connection.send(ping(1));
            if (passed.plusSeconds(10).equals(LIFE)) {
                directory.delaying();
                connection.send(lookup(2));
            }
            connection.pass(Duration.ofSeconds(10));
        }
        assertThat(connection.repliedXids()).doesNotContain(2);
        assertThat(connection.isActive()).isTrue();
        int readsAsked = connection.readsAsked();
        directory.answerFirst();

        assertThat(connection.repliedXids()).containsExactly(2);
        assertThat(connection.readsAsked()).isEqualTo(readsAsked);
        assertClosed(connection, CloseReason.LIFETIME);
    }

    @Test
    void aConnectionEndsWithTheReplyToItsLastCall() throws Exception {
        TestConnection connection = connect();
        int sent = 0;
        while (connection.isActive()) {
            connection.send(ping(++sent), ping(++sent), ping(++sent));
        }

        assertClosed(connection, CloseReason.CALLS_LIMIT);
        assertThat(connection.repliedXids())
                .isEqualTo(IntStream.rangeClosed(1, MAX_CALLS).boxed().toList());
    }

    @Test
    void underPressureAnIdleConnectionOfAStrangerEnds() throws Exception {
        directory.delaying();
        TestConnection known = connect(PEER, true);
        TestConnection busy = connect(PEER, false);
        TestConnection idle = connect(PEER, false);
        busy.send(lookup(1));
        List.of(known, busy, idle).forEach(c -> c.pipeline().fireUserEventTriggered(StreamFrontend.SHED));

        assertThat(known.isActive()).isTrue();
        assertThat(busy.isActive()).isTrue();
        assertClosed(idle, CloseReason.OVERLOAD);
        directory.answerFirst();
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
        assertThat(closings()).containsExactly(entry(CloseReason.PROTOCOL, 1L), entry(CloseReason.DROPPED, 3L));
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
        assertThat(observer.take()).containsExactly("malformed trailing allow", "replied fault 24");
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
        assertThat(closings()).containsExactly(entry(CloseReason.DRAIN, 2L));
    }

    @Test
    void aConnectionOfRpcwardItselfIsClosedUnanswered() throws Exception {
        own.add(PEER);
        TestConnection connection = connect();
        connection.send(ping(1));

        assertThat(connection.replies()).isEmpty();
        assertClosed(connection, CloseReason.LOOP);
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

        assertClosed(connection, CloseReason.CLIENT);
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
        return connect(peer, true);
    }

    private TestConnection connect(InetSocketAddress peer, boolean known) throws Exception {
        LocalAddress local = new LocalAddress(
                Policies.LISTENER, new InetSocketAddress("192.0.2.1", 111), LOCAL, new Results.Asked(LOCAL, null));
        IpAddress source = IpAddress.of(peer.getAddress().getAddress());
        ConnectionLimiter.Seat seat = Objects.requireNonNull(limiter.enter(Policies.LISTENER, LIMITS, source, known));
        RecordDecoder records = new RecordDecoder(MAX_RECORD, RecordDecoder.MAX_CALL_FRAGMENTS);
        TestConnection connection = new TestConnection(
                peer,
                records,
                new StreamFrontend(
                        service, new ListeningPoint(local), LIMITS, seat, records, new DeadlineWheels(), own));
        connections.add(connection);
        return connection;
    }

    private void assertClosed(TestConnection connection, CloseReason reason) {
        assertThat(connection.isActive()).isFalse();
        assertThat(closings()).containsOnlyKeys(reason);
    }

    /** How many connections ended, by reason. */
    private Map<CloseReason, Long> closings() {
        Map<CloseReason, Long> closings = new EnumMap<>(CloseReason.class);
        for (CloseReason reason : CloseReason.values()) {
            if (limiter.closed(reason) > 0) {
                closings.put(reason, limiter.closed(reason));
            }
        }
        return closings;
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

package org.rpcward.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.CallBytes.fragment;
import static org.rpcward.proxy.fixture.CallBytes.record;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpc.Fault;

class RecordDecoderTest {
    private static final int MAX_RECORD = 512;
    private static final byte[] CALL = CallBytes.of(Procedure.GETADDR, 4).bytes();
    private static final byte[] OTHER = CallBytes.of(Procedure.DUMP, 2).bytes();
    private static final byte[] NOTHING = {};
    private static final long SEED = 11;

    private final EmbeddedChannel channel =
            new EmbeddedChannel(new RecordDecoder(MAX_RECORD, RecordDecoder.MAX_CALL_FRAGMENTS));
    private final List<ByteBuf> sent = new ArrayList<>();

    @AfterEach
    void nothingIsKept() {
        channel.finishAndReleaseAll();
        assertThat(sent).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    @Test
    void aRecordOfOneFragmentIsHandedOn() {
        send(record(CALL));

        assertThat(nextRecord()).isEqualTo(CALL);
        assertThat(next()).isNull();
    }

    @Test
    void aRecordThatArrivesByteByByteIsHandedOnWithItsLastByte() {
        byte[] bytes = record(CALL);
        for (int i = 0; i < bytes.length; i++) {
            assertThat(next()).isNull();
            send(bytes[i]);
        }

        assertThat(nextRecord()).isEqualTo(CALL);
    }

    @Test
    void recordsThatArriveTogetherAreHandedOnInOrder() {
        byte[] bytes = NOTHING;
        for (int i = 0; i < 100; i++) {
            bytes = joined(bytes, record(i % 2 == 0 ? CALL : OTHER));
        }
        send(bytes);

        for (int i = 0; i < 100; i++) {
            assertThat(nextRecord()).isEqualTo(i % 2 == 0 ? CALL : OTHER);
        }
        assertThat(next()).isNull();
    }

    @Test
    void fragmentsAreOneRecordWhereverItIsCut() {
        for (int cut = 1; cut < CALL.length; cut++) {
            send(
                    fragment(Arrays.copyOf(CALL, cut), false),
                    fragment(Arrays.copyOfRange(CALL, cut, CALL.length), true),
                    record(OTHER));
            assertThat(nextRecord()).isEqualTo(CALL);
            assertThat(nextRecord()).isEqualTo(OTHER);
        }
    }

    @Test
    void aCallInAFragmentThatIsNotTheLastIsNoCallYet() {
        send(fragment(CALL, false));
        assertThat(next()).isNull();

        send(fragment(OTHER, true));
        assertThat(nextRecord()).isEqualTo(joined(CALL, OTHER));
    }

    @Test
    void aRecordHasAtMostThirtyTwoFragments() {
        byte[] bytes = NOTHING;
        for (int i = 0; i < 31; i++) {
            bytes = joined(bytes, fragment(new byte[] {(byte) i}, false));
        }
        send(joined(bytes, fragment(new byte[] {31}, true)));
        assertThat(nextRecord()).hasSize(32).startsWith(0, 1, 2).endsWith(31);

        send(bytes, fragment(new byte[] {31}, false), fragment(new byte[] {32}, true));
        assertThat(next()).isEqualTo(Fault.FRAGMENT_LIMIT);
    }

    @Test
    void fragmentsOfARecordThatWasHandedOnDoNotCountForTheNext() {
        for (int record = 0; record < 10; record++) {
            for (int i = 0; i < 20; i++) {
                send(fragment(new byte[] {1}, i == 19));
            }
            assertThat(nextRecord()).hasSize(20);
        }
    }

    @Test
    void aRecordHasAtMostSoManyBytes() {
        send(record(new byte[MAX_RECORD]));
        assertThat(nextRecord()).hasSize(MAX_RECORD);

        send(Hex.bytes("80000201"));
        assertThat(next()).isEqualTo(Fault.RECORD_TOO_BIG);
    }

    @Test
    void allFragmentsTogetherHaveNoMoreBytesThanARecord() {
        send(fragment(new byte[MAX_RECORD - 1], false), fragment(new byte[1], true));
        assertThat(nextRecord()).hasSize(MAX_RECORD);

        send(fragment(new byte[MAX_RECORD - 1], false), Hex.bytes("80000002"));
        assertThat(next()).isEqualTo(Fault.RECORD_TOO_BIG);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "7fffffff", // a bomb that says how long it will be
                "ffffffff",
                "80000201",
                "00000201",
                "47455420", // GET of HTTP
                "16030100", // the first record of TLS
                "5353482d", // SSH-
            })
    void whatIsTooLongIsToldByItsMarkAlone(String mark) {
        send(Hex.bytes(mark));

        assertThat(next()).isEqualTo(Fault.RECORD_TOO_BIG);
    }

    @Test
    void anEmptyRecordAndAnEmptyFragmentThatIsNotTheLastAreFaults() {
        for (String bytes : new String[] {"80000000", "00000000", "00000001 61 00000000"}) {
            EmbeddedChannel fresh =
                    new EmbeddedChannel(new RecordDecoder(MAX_RECORD, RecordDecoder.MAX_CALL_FRAGMENTS));
            fresh.writeInbound(Hex.buffer(bytes));
            assertThat(fresh.<Object>readInbound()).isEqualTo(Fault.EMPTY_FRAGMENT);
            fresh.finishAndReleaseAll();
        }
    }

    @Test
    void anEmptyLastFragmentEndsARecord() {
        send(fragment(CALL, false), fragment(NOTHING, true));

        assertThat(nextRecord()).isEqualTo(CALL);
    }

    @Test
    void aWholeRecordBeforeAFaultIsHandedOn() {
        send(record(CALL), Hex.bytes("00000000"), record(OTHER));

        assertThat(nextRecord()).isEqualTo(CALL);
        assertThat(next()).isEqualTo(Fault.EMPTY_FRAGMENT);
        assertThat(next()).isNull();
    }

    @Test
    void nothingIsReadAfterAFault() {
        send(Hex.bytes("ffffffff"));
        assertThat(next()).isEqualTo(Fault.RECORD_TOO_BIG);

        for (int i = 0; i < 10; i++) {
            send(record(CALL), Hex.bytes("00000000"));
        }
        assertThat(next()).isNull();
        assertThat(sent).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    @Test
    void aConnectionThatEndsInTheMiddleOfARecordLeavesNothing() {
        send(fragment(CALL, false), Arrays.copyOf(record(OTHER), 20));

        channel.finish();
        assertThat(next()).isNull();
    }

    @Test
    void howBytesAreCutIntoReadsMakesNoDifference() {
        Random random = new Random(SEED);
        for (int round = 0; round < 300; round++) {
            List<byte[]> records = new ArrayList<>();
            byte[] bytes = NOTHING;
            for (int i = random.nextInt(5); i >= 0; i--) {
                byte[] whole = new byte[1 + random.nextInt(MAX_RECORD)];
                random.nextBytes(whole);
                records.add(whole);
                bytes = joined(bytes, inFragments(whole, random));
            }
            for (int at = 0; at < bytes.length; ) {
                int end = Math.min(bytes.length, at + 1 + random.nextInt(random.nextBoolean() ? 7 : 700));
                send(Arrays.copyOfRange(bytes, at, end));
                at = end;
            }
            for (byte[] whole : records) {
                assertThat(nextRecord()).isEqualTo(whole);
            }
            assertThat(next()).isNull();
        }
    }

    private static byte[] inFragments(byte[] whole, Random random) {
        byte[] bytes = NOTHING;
        int at = 0;
        for (int i = random.nextInt(6); i > 0 && at < whole.length - 1; i--) {
            int end = at + 1 + random.nextInt(whole.length - at - 1);
            bytes = joined(bytes, fragment(Arrays.copyOfRange(whole, at, end), false));
            at = end;
        }
        return joined(bytes, fragment(Arrays.copyOfRange(whole, at, whole.length), true));
    }

    private void send(byte... bytes) {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer().writeBytes(bytes);
        sent.add(buffer);
        channel.writeInbound(buffer);
    }

    private void send(byte[]... parts) {
        send(joined(parts));
    }

    private @Nullable Object next() {
        return channel.readInbound();
    }

    private byte[] nextRecord() {
        Object message = next();
        assertThat(message).isInstanceOf(ByteBuf.class);
        if (message instanceof ByteBuf record) {
            byte[] bytes = new byte[record.readableBytes()];
            record.readBytes(bytes);
            record.release();
            return bytes;
        }
        return NOTHING;
    }

    private static byte[] joined(byte[]... parts) {
        ByteBuf all = Unpooled.wrappedBuffer(parts);
        byte[] bytes = new byte[all.readableBytes()];
        all.readBytes(bytes);
        return bytes;
    }
}

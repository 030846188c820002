package org.rpcward.proxy.xdr;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.proxy.fixture.Hex;

class XdrReaderTest {
    private static final long SEED = 4506;

    @Test
    void readsAnUnsignedInteger() {
        XdrReader in = reader("ffffffff");

        assertThat(in.uint()).isEqualTo(-1);
        assertThat(in.isAtEnd()).isTrue();
        assertThat(in.failed()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "00", "0000", "000000"})
    void anIntegerThatIsCutIsAFailure(String bytes) {
        XdrReader in = reader(bytes);

        assertThat(in.uint()).isZero();
        assertThat(in.failed()).isTrue();
        assertThat(in.remaining()).isEqualTo(bytes.length() / 2);
    }

    @Test
    void aBooleanIsZeroOrOneAndNothingElse() {
        assertThat(reader("00000001").bool()).isTrue();
        assertThat(reader("00000000").bool()).isFalse();
        for (String other : new String[] {"00000002", "ffffffff", "01000000"}) {
            XdrReader in = reader(other);
            assertThat(in.bool()).isFalse();
            assertThat(in.failed()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "00000000, ''",
        "00000001 61000000, 61",
        "00000002 61620000, 6162",
        "00000003 61626300, 616263",
        "00000004 61626364, 61626364",
        "00000005 6162636465000000, 6162636465",
    })
    void readsOpaqueDataWithItsPadding(String bytes, String wanted) {
        XdrReader in = reader(bytes);

        assertThat(in.opaque(5)).isEqualTo(Hex.bytes(wanted));
        assertThat(in.isAtEnd()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // no length; length without data; data cut; padding cut
                "000000",
                "00000001",
                "00000004 616263",
                "00000001 61",
                "00000001 610000",
                // padding that is not zero, at each of its places
                "00000001 61010000",
                "00000001 61000100",
                "00000001 61000001",
                "00000003 616263ff",
                // one byte more than allowed; lengths that are negative as signed numbers, or overflow when padded
                "00000009 6162636465666768 69000000",
                "7fffffff 61626364",
                "7ffffffd 61626364",
                "7ffffffc 61626364",
                "80000000 61626364",
                "80000004 61626364",
                "fffffffd 61626364",
                "ffffffff 61626364",
            })
    void dataThatIsCutOrTooLongOrBadlyPaddedIsAFailureHoweverItIsRead(String bytes) {
        for (int max : new int[] {8, Integer.MAX_VALUE}) {
            if (max == 8 || !bytes.startsWith("00000009")) {
                assertFails(bytes, in -> assertThat(in.opaque(max)).isEmpty());
                assertFails(bytes, in -> in.skipOpaque(max));
                assertFails(bytes, in -> assertThat(in.token(max)).isEmpty());
            }
        }
    }

    private static void assertFails(String bytes, Consumer<XdrReader> read) {
        XdrReader in = reader(bytes);
        read.accept(in);
        assertThat(in.failed()).isTrue();
        assertThat(in.isAtEnd()).isFalse();
    }

    @Test
    void saysHowManyBytesItPassedOver() {
        XdrReader in = reader("00000005 6162636465000000 00000000 00000007");

        assertThat(in.skipOpaque(5)).isEqualTo(5);
        assertThat(in.skipOpaque(5)).isZero();
        assertThat(in.uint()).isEqualTo(7);
        assertThat(in.isAtEnd()).isTrue();
    }

    @Test
    void aTokenIsPrintableAsciiWithoutSpaces() {
        assertThat(reader("00000004 74637036").token(4)).isEqualTo("tcp6");
        assertThat(reader("00000002 217e0000").token(4)).isEqualTo("!~");
        assertThat(reader("00000000").token(4)).isEmpty();
        for (int c : new int[] {0x00, 0x09, 0x0a, 0x1b, 0x1f, 0x20, 0x7f, 0x80, 0x9b, 0xc3, 0xff}) {
            assertFails(
                    String.format("00000003 74%02x7000", c),
                    in -> assertThat(in.token(4)).isEmpty());
        }
    }

    @Test
    void onceAnythingFailedNothingIsReadAnyMore() {
        XdrReader in = reader("00000002 00000001 00000001 61000000");
        assertThat(in.bool()).isFalse();
        int left = in.remaining();

        assertThat(in.uint()).isZero();
        assertThat(in.bool()).isFalse();
        assertThat(in.opaque(9)).isEmpty();
        assertThat(in.skipOpaque(9)).isZero();
        assertThat(in.token(9)).isEmpty();
        assertThat(in.remaining()).isEqualTo(left);
        assertThat(in.failed()).isTrue();
    }

    @Test
    void theCallerMayFindFaultToo() {
        XdrReader in = reader("");
        assertThat(in.isAtEnd()).isTrue();

        in.fail();

        assertThat(in.failed()).isTrue();
        assertThat(in.isAtEnd()).isFalse();
    }

    @Test
    void readsFromTheReaderIndexToTheWriterIndexOnly() {
        ByteBuf message = Hex.buffer("ffffffff 00000001 ffffffff");
        message.readerIndex(4).writerIndex(8);
        XdrReader in = new XdrReader(message);

        assertThat(in.remaining()).isEqualTo(4);
        assertThat(in.uint()).isEqualTo(1);
        assertThat(in.isAtEnd()).isTrue();
        assertThat(in.uint()).isZero();
        assertThat(in.failed()).isTrue();
    }

    @Test
    void readsWhatTheWriterWrote() {
        Random random = new Random(SEED);
        for (int length = 0; length < 70; length++) {
            byte[] data = new byte[length];
            random.nextBytes(data);
            String text = "x".repeat(length);
            ByteBuf message = Unpooled.buffer();
            XdrWriter.opaque(message, data);
            XdrWriter.string(message, text);
            XdrWriter.opaque(message, data);
            assertThat(message.readableBytes() % XdrReader.UNIT).isZero();

            XdrReader in = new XdrReader(message);
            assertThat(in.opaque(length)).isEqualTo(data);
            assertThat(in.token(length)).isEqualTo(text);
            assertThat(in.skipOpaque(length)).isEqualTo(length);
            assertThat(in.isAtEnd()).isTrue();
        }
    }

    private static XdrReader reader(String bytes) {
        return new XdrReader(Hex.buffer(bytes));
    }
}

package org.rpcward.proxy.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.GoldenFile;
import org.rpcward.proxy.fixture.Hex;

/** Whatever the bytes: a call or a fault, nothing is read beyond the message, and nothing larger than it is made. */
class CallDecoderFuzzTest {
    private static final long GUARD = 0x00000001_00000001L;

    static Stream<Arguments> seeds() {
        return Stream.concat(
                CallBytes.everyKind().stream().map(c -> arguments((Object) c.bytes())),
                GoldenFile.rows("calls.txt").map(row -> arguments((Object) Hex.bytes(row.get(2)))));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "40s")
    void decodes(byte[] message) {
        ByteBuf buffer = Unpooled.buffer().writeLong(GUARD).writeBytes(message).writeLong(GUARD);
        buffer.readerIndex(Long.BYTES).writerIndex(Long.BYTES + message.length);
        Call call = CallDecoder.decode(buffer);

        assertThat(buffer.readerIndex()).isLessThanOrEqualTo(Long.BYTES + message.length);
        assertThat(call.fault() != null || call.procedure() != null).isTrue();
        assertThat(call.arguments().address().length).isLessThanOrEqualTo(message.length);
        if (call.fault() == null && call.procedure() != null) {
            assertThat(call.protocol()).isBetween(2, 4);
            assertThat(call.procedure().existsIn(call.protocol())).isTrue();
            if (call.procedure().callClass().allowable()) {
                assertThat(buffer.isReadable()).isFalse();
                assertFault(message, message.length - 1);
                assertFault(message, message.length + 1);
            }
        }
        if (call.fault() != null && call.fault().answer() != Fault.Answer.NONE) {
            assertThat(call.xid()).isEqualTo(Unpooled.wrappedBuffer(message).getInt(0));
        }
    }

    /** A strict call has one length: one byte less or more is a fault. */
    private static void assertFault(byte[] message, int length) {
        byte[] other = java.util.Arrays.copyOf(message, length);
        assertThat(CallDecoder.decode(Unpooled.wrappedBuffer(other)).fault()).isNotNull();
    }
}

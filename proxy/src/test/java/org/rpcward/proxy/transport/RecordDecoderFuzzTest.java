package org.rpcward.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpc.Fault;

/** Whatever the bytes, and however they are cut into reads: the records of a simple model, and nothing is kept. */
class RecordDecoderFuzzTest {
    private static final int MAX_RECORD = 128;

    static Stream<Arguments> seeds() {
        byte[] call = CallBytes.of(Procedure.GETADDR, 4).bytes();
        return Stream.of(
                        Hex.of(CallBytes.record(call)),
                        Hex.of(CallBytes.fragment(call, false)) + "80000000",
                        "00000001 61 80000001 62 80000001 63",
                        "00000001 61".repeat(33),
                        "00000000",
                        "ffffffff",
                        "0000007f 00",
                        "80000080" + "61".repeat(128) + "80000081")
                .map(hex -> arguments((Object) Hex.bytes(hex)));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "40s")
    void decodes(byte[] bytes) {
        List<String> wanted = model(bytes);

        assertThat(decoded(bytes, Math.max(1, bytes.length))).isEqualTo(wanted);
        assertThat(decoded(bytes, 1)).isEqualTo(wanted);
        assertThat(decoded(bytes, 7)).isEqualTo(wanted);
    }

    private static List<String> decoded(byte[] bytes, int step) {
        EmbeddedChannel channel = new EmbeddedChannel(new RecordDecoder(MAX_RECORD, RecordDecoder.MAX_CALL_FRAGMENTS));
        List<ByteBuf> sent = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += step) {
            ByteBuf read = Unpooled.buffer().writeBytes(bytes, at, Math.min(step, bytes.length - at));
            sent.add(read);
            channel.writeInbound(read);
        }
        channel.finish();
        List<String> seen = new ArrayList<>();
        for (Object message = channel.readInbound(); message != null; message = channel.readInbound()) {
            if (message instanceof ByteBuf record) {
                seen.add(Hex.of(record));
                record.release();
            } else {
                seen.add(message.toString());
            }
        }
        assertThat(sent).allMatch(buffer -> buffer.refCnt() == 0);
        return seen;
    }

    /** RFC 5531, section 11, with the bounds of the decoder, over bytes that are all there. */
    private static List<String> model(byte[] bytes) {
        List<String> records = new ArrayList<>();
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        ByteBuf record = Unpooled.buffer();
        int fragments = 0;
        while (in.readableBytes() >= 4) {
            int mark = in.readInt();
            boolean last = mark < 0;
            int length = mark & 0x7fff_ffff;
            if (length > MAX_RECORD - record.readableBytes()) {
                records.add(Fault.RECORD_TOO_BIG.toString());
                return records;
            }
            if (length == 0 && (!last || record.readableBytes() == 0)) {
                records.add(Fault.EMPTY_FRAGMENT.toString());
                return records;
            }
            if (fragments == RecordDecoder.MAX_CALL_FRAGMENTS) {
                records.add(Fault.FRAGMENT_LIMIT.toString());
                return records;
            }
            if (in.readableBytes() < length) {
                return records;
            }
            record.writeBytes(in, length);
            fragments++;
            if (last) {
                records.add(Hex.of(record));
                record.clear();
                fragments = 0;
            }
        }
        return records;
    }
}

package org.rpcward.proxy.xdr;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rpcward.proxy.fixture.Hex;

class XdrWriterTest {
    @ParameterizedTest
    @CsvSource({
        "'', 00000000",
        "a, 00000001 61000000",
        "ab, 00000002 61620000",
        "abc, 00000003 61626300",
        "abcd, 00000004 61626364",
        "abcde, 00000005 61626364 65000000",
    })
    void writesLengthBytesAndPaddingOfZeros(String text, String wanted) {
        ByteBuf asString = Unpooled.buffer();
        XdrWriter.string(asString, text);
        ByteBuf asOpaque = Unpooled.buffer();
        XdrWriter.opaque(asOpaque, text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));

        assertThat(Hex.of(asString)).isEqualTo(wanted);
        assertThat(Hex.of(asOpaque)).isEqualTo(wanted);
    }
}

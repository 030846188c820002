package org.rpcward.proxy.rpcbind;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.proxy.fixture.Hex;

class NetbufTest {
    @ParameterizedTest
    @CsvSource({
        "192.0.2.1.8.1, true, 00000010 00000010 02000801 c0000201 00000000 00000000",
        "0.0.0.0.0.0, true, 00000010 00000010 02000000 00000000 00000000 00000000",
        "2001:db8:a::1.0.111, false,"
                + " 0000001c 0000001c 0a00006f 00000000 20010db8 000a0000 00000000 00000001 00000000",
    })
    void writesTheSocketAddressOfAUniversalAddress(String text, boolean v4, String wanted) {
        ByteBuf out = Unpooled.buffer();
        Netbuf.write(out, text.getBytes(StandardCharsets.US_ASCII), v4);

        assertThat(Hex.of(out)).isEqualTo(wanted);
    }

    @ParameterizedTest
    @CsvSource({
        "'', true",
        "zzz, true",
        "2001:db8:a::1.0.111, true",
        "192.0.2.1.8.1, false",
        "1.2.3.4.256.1, true",
        "192.0.2.1, true",
    })
    void writesAnEmptyNetbufForOtherText(String text, boolean v4) {
        ByteBuf out = Unpooled.buffer();
        Netbuf.write(out, text.getBytes(StandardCharsets.US_ASCII), v4);

        assertThat(Hex.of(out)).isEqualTo("00000000 00000000");
    }

    @ParameterizedTest
    @CsvSource({
        "02000801 c0000201 00000000 00000000, true, 192.0.2.1.8.1",
        "0200ffff ffffffff ffffffff ffffffff, true, 255.255.255.255.255.255",
        "0a00006f 00000000 20010db8 000a0000 00000000 00000001 00000000, false, 2001:db8:a::1.0.111",
    })
    void writesTheTextOfASocketAddress(String bytes, boolean v4, String wanted) {
        assertThat(text(bytes, v4)).isEqualTo(wanted);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "02000801",
                // of the other family, by its length, and by its number
                "0a00006f 00000000 20010db8 000a0000 00000000 00000001 00000000",
                "0a000801 c0000201 00000000 00000000",
                // big-endian family
                "00020801 c0000201 00000000 00000000",
                "ffffffff ffffffff ffffffff ffffffff",
                "02000801 c0000201 00000000 00000000 00",
            })
    void writesNoTextForOtherBytes(String bytes) {
        assertThat(text(bytes, true)).isEmpty();
    }

    private static String text(String bytes, boolean v4) {
        ByteBuf out = Unpooled.buffer();
        Netbuf.writeText(out, Hex.bytes(bytes), v4);
        int length = out.readInt();
        String text = out.readCharSequence(length, StandardCharsets.US_ASCII).toString();
        assertThat(out.readableBytes()).isEqualTo((4 - length % 4) % 4);
        return text;
    }
}

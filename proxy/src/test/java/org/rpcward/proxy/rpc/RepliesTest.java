package org.rpcward.proxy.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.proxy.fixture.Hex;

class RepliesTest {
    private static final int XID = 0x820d5d8b;

    @Test
    void writesASuccess() {
        assertThat(written(out -> Replies.success(out, XID)))
                .isEqualTo("820d5d8b 00000001 00000000 00000000 00000000 00000000");
    }

    @Test
    void writesADenial() {
        assertThat(written(out -> Replies.denied(out, XID, Rpc.AUTH_TOOWEAK)))
                .isEqualTo("820d5d8b 00000001 00000001 00000001 00000005");
    }

    @Test
    void tellsTheVersionsThatItSpeaksWithAMismatchOnly() {
        assertThat(written(out -> Replies.error(out, XID, Rpc.PROG_MISMATCH)))
                .isEqualTo("820d5d8b 00000001 00000000 00000000 00000000 00000002 00000002 00000004");
        assertThat(written(out -> Replies.error(out, XID, Rpc.SYSTEM_ERR)))
                .isEqualTo("820d5d8b 00000001 00000000 00000000 00000000 00000005");
    }

    @ParameterizedTest
    @CsvSource({
        "BAD_CREDENTIAL, 00000001 00000001 00000001 00000001",
        "REJECTED_CREDENTIAL, 00000001 00000001 00000001 00000002",
        "BAD_VERIFIER, 00000001 00000001 00000001 00000003",
        "FAILED_CREDENTIAL, 00000001 00000001 00000001 00000007",
        "UNKNOWN_PROGRAM, 00000001 00000000 00000000 00000000 00000001",
        "UNKNOWN_VERSION, 00000001 00000000 00000000 00000000 00000002 00000002 00000004",
        "UNKNOWN_PROCEDURE, 00000001 00000000 00000000 00000000 00000003",
        "BAD_XDR, 00000001 00000000 00000000 00000000 00000004",
        "TRAILING, 00000001 00000000 00000000 00000000 00000004",
    })
    void saysWhatIsWrongAsRpcbindSaysIt(Fault fault, String wanted) {
        assertThat(written(out -> Replies.fault(out, XID, fault))).isEqualTo("820d5d8b " + wanted);
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {
                "SHORT",
                "NOT_A_CALL",
                "BAD_RPCVERS",
                "AUTH_TOO_LONG",
                "OVERSIZED",
                "RECORD_TOO_BIG",
                "EMPTY_FRAGMENT",
                "FRAGMENT_LIMIT"
            })
    void hasNoReplyForWhatIsNoCall(Fault fault) {
        ByteBuf out = Unpooled.buffer();

        assertThatIllegalArgumentException().isThrownBy(() -> Replies.fault(out, XID, fault));
        assertThat(out.readableBytes()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void everyFaultHasAWordForLogs(Fault fault) {
        assertThat(fault.word()).matches("[a-z_]+");
    }

    private static String written(Consumer<ByteBuf> writer) {
        ByteBuf out = Unpooled.buffer();
        writer.accept(out);
        return Hex.of(out);
    }
}

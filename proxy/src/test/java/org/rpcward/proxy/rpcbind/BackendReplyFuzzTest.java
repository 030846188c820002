package org.rpcward.proxy.rpcbind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpc.CallDecoder;

/** Whatever a backend says: rows or nothing, no exception, and rows that can be told to a client. */
class BackendReplyFuzzTest {
    private static final int SHORTEST_ROW = 20;
    private static final String SUCCESS = "00000001 00000001 00000000 00000000 00000000 00000000";

    static Stream<Arguments> seeds() {
        return Stream.of(
                        SUCCESS + "00000801",
                        SUCCESS + "0000000d 3139322e 302e322e 312e382e 31000000",
                        SUCCESS + "00000001 000186a3 00000003 00000006 00000801 00000000",
                        SUCCESS + "00000001 000186a3 00000003 00000003 74637000 0000000b 302e302e 302e302e 382e3100"
                                + " 00000009 73757065 72757365 72000000 00000000",
                        SUCCESS + "00000001 000186a3 00000003 00000004 74637036 00000006 3a3a2e38 2e310000 00000000"
                                + " 00000001 000186a0 00000004 00000005 6c6f6361 6c000000 00000000 00000000 00000000",
                        "00000001 00000001 00000000 00000001 00000004 61626364 00000002 00000002 00000002",
                        "00000001 00000001 00000001 00000001 00000005")
                .map(hex -> arguments((Object) Hex.bytes(hex)));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "40s")
    void reads(byte[] message) {
        BackendReply.xid(Unpooled.wrappedBuffer(message));
        ByteBuf buffer = Unpooled.wrappedBuffer(message);
        if (BackendReply.header(buffer) != BackendReply.Status.SUCCESS) {
            return;
        }
        Integer port = BackendReply.port(buffer.duplicate());
        assertThat(port == null || (port >= 0 && port <= 0xffff)).isTrue();
        Integer portOfAddress = BackendReply.portOfAddress(buffer.duplicate());
        assertThat(portOfAddress == null || (portOfAddress >= 0 && portOfAddress <= 0xffff))
                .isTrue();
        for (int protocol = 2; protocol <= 4; protocol++) {
            List<Mapping> rows = BackendReply.rows(buffer.duplicate(), protocol);
            if (rows != null) {
                assertThat(rows.size()).isLessThanOrEqualTo(message.length / SHORTEST_ROW);
                rows.forEach(BackendReplyFuzzTest::assertTellable);
            }
        }
    }

    private static void assertTellable(Mapping row) {
        assertThat(row.netid())
                .matches("[A-Za-z0-9_-]{1," + CallDecoder.MAX_NETID + "}")
                .isNotEqualTo("local");
        assertThat(row.owner()).matches("[A-Za-z0-9_-]{0,32}");
        assertThat(row.port()).isBetween(1, 0xffff);
        Netid known = row.known();
        assertThat(known == null || known.isV4() == row.host().isV4()).isTrue();
        assertThat(UniversalAddress.parse(new UniversalAddress(row.host(), row.port()).toString()))
                .contains(new UniversalAddress(row.host(), row.port()));
    }
}

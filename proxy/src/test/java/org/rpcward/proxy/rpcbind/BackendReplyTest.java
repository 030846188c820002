package org.rpcward.proxy.rpcbind;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.fixture.Hex;

class BackendReplyTest {
    private static final int NFS = 100_003;
    private static final long SEED = 1833;

    @Test
    void readsTheXidWithoutTakingItAway() {
        ByteBuf message = Hex.buffer("ffffffff 00000001");

        assertThat(BackendReply.xid(message)).contains(-1);
        assertThat(message.readableBytes()).isEqualTo(8);
        assertThat(BackendReply.xid(Hex.buffer("ffffff"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "SUCCESS, 00000000 00000001 00000000 00000000 00000000 00000000",
        "SUCCESS, 00000000 00000001 00000000 00000001 00000004 61626364 00000000",
        "MISMATCH, 00000000 00000001 00000000 00000000 00000000 00000001",
        "MISMATCH, 00000000 00000001 00000000 00000000 00000000 00000002 00000002 00000002",
        "MISMATCH, 00000000 00000001 00000000 00000000 00000000 00000003",
        "ERROR, 00000000 00000001 00000000 00000000 00000000 00000004",
        "ERROR, 00000000 00000001 00000000 00000000 00000000 00000005",
        "ERROR, 00000000 00000001 00000000 00000000 00000000 ffffffff",
        "ERROR, 00000000 00000001 00000001 00000001 00000005",
        "ERROR, 00000000 00000001 00000001 00000000 00000002 00000002",
        "NONSENSE, ''",
        "NONSENSE, 00000000",
        "NONSENSE, 00000000 00000001",
        "NONSENSE, 00000000 00000000 00000000 00000000 00000000 00000000",
        "NONSENSE, 00000000 00000002 00000000 00000000 00000000 00000000",
        "NONSENSE, 00000000 00000001 00000002 00000000 00000000 00000000",
        "NONSENSE, 00000000 00000001 00000000 00000000 00000000",
        "NONSENSE, 00000000 00000001 00000000 00000000 ffffffff 00000000",
        "NONSENSE, 00000000 00000001 00000000 00000000 00000191 00000000",
        "NONSENSE, 00000000 00000001 00000000 00000000 00000001 61000001 00000000",
    })
    void readsTheHeader(BackendReply.Status wanted, String message) {
        assertThat(BackendReply.header(Hex.buffer(message))).isEqualTo(wanted);
    }

    @Test
    void aPortIsFromOneToTheHighest() {
        assertThat(BackendReply.port(Hex.buffer("00000801"))).isEqualTo(2049);
        assertThat(BackendReply.port(Hex.buffer("0000ffff"))).isEqualTo(65535);
        assertThat(BackendReply.port(Hex.buffer("00000000"))).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "000801", "00010000", "ffffffff", "80000000", "00000801 00000000"})
    void anyOtherPortIsWrong(String results) {
        assertThat(BackendReply.port(Hex.buffer(results))).isNull();
    }

    @Test
    void ofAnAddressOnlyThePortIsBelieved() {
        assertThat(BackendReply.portOfAddress(text("203.0.113.5.8.1"))).isEqualTo(2049);
        assertThat(BackendReply.portOfAddress(text("::1.8.1"))).isEqualTo(2049);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "zzz", "192.0.2.1.0.0", "192.0.2.1.256.1", "192.0.2.1", "/run/rpcbind.sock"})
    void anAddressWithoutAGoodPortIsNone(String address) {
        assertThat(BackendReply.portOfAddress(text(address))).isZero();
    }

    @Test
    void anAddressThatIsCutOrTooLongOrFollowedByMoreIsWrong() {
        assertThat(BackendReply.portOfAddress(text("x".repeat(65)))).isNull();
        assertThat(BackendReply.portOfAddress(text("x".repeat(2048)))).isNull();
        assertThat(BackendReply.portOfAddress(text("192.0.2.1.8.1").writeInt(0)))
                .isNull();
        assertThat(BackendReply.portOfAddress(text("192.0.2.1.8.1").writerIndex(8)))
                .isNull();
        assertThat(BackendReply.portOfAddress(Unpooled.EMPTY_BUFFER)).isNull();
    }

    @Test
    void readsMappings() {
        ByteBuf list = Hex.buffer(
                "00000001 000186a3 00000003 00000006 00000801",
                "00000001 000186a5 ffffffff 00000011 00004e50",
                "00000000");

        assertThat(BackendReply.rows(list, 2))
                .containsExactly(
                        Mapping.anywhere(NFS, 3, Netid.TCP, 2049), Mapping.anywhere(100_005, -1, Netid.UDP, 20048));
    }

    @Test
    void leavesOutMappingsOfOtherProtocolsAndPorts() {
        ByteBuf list = Hex.buffer(
                "00000001 000186a3 00000003 00000000 00000801",
                "00000001 000186a3 00000003 00000084 00000801",
                "00000001 000186a3 00000003 00000006 00000000",
                "00000001 000186a3 00000003 00000006 00010000",
                "00000001 000186a3 00000003 00000006 ffffffff",
                "00000000");

        assertThat(BackendReply.rows(list, 2)).isEmpty();
    }

    @Test
    void readsRegistrations() {
        ByteBuf list = Unpooled.buffer();
        row(list, NFS, 3, "tcp", "0.0.0.0.8.1", "superuser");
        row(list, NFS, 4, "tcp6", "::.8.1", "0");
        row(list, NFS, 3, "udp", "127.0.0.1.8.1", "");
        row(list, NFS, 3, "sctp", "0.0.0.0.8.1", "");
        list.writeInt(0);

        for (int protocol = 3; protocol <= 4; protocol++) {
            assertThat(BackendReply.rows(list.slice(), protocol))
                    .containsExactly(
                            new Mapping(NFS, 3, "tcp", Netid.TCP, IpAddress.v4(0), 2049, "superuser"),
                            new Mapping(NFS, 4, "tcp6", Netid.TCP6, new IpAddress(0, 0), 2049, "0"),
                            Mapping.of(NFS, 3, Netid.UDP, IpAddress.v4(0x7f000001), 2049),
                            new Mapping(NFS, 3, "sctp", null, IpAddress.v4(0), 2049, ""));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a b",
                "\u001b[2J",
                "<script>",
                "a\"b",
                "r\u00e9mi",
                "\0",
                "0123456789012345678901234567890123456789"
            })
    void anOwnerThatIsNoWordIsNotKept(String owner) {
        ByteBuf list = Unpooled.buffer();
        row(list, NFS, 3, "tcp", "0.0.0.0.8.1", owner);
        list.writeInt(0);

        assertThat(BackendReply.rows(list, 4)).containsExactly(Mapping.anywhere(NFS, 3, Netid.TCP, 2049));
    }

    @Test
    void readsARegistrationFromItsTexts() {
        assertThat(BackendReply.registration(NFS, 3, "udp6", "::1.8.1", "root"))
                .isEqualTo(new Mapping(NFS, 3, "udp6", Netid.UDP6, new IpAddress(0, 1), 2049, "root"));
        assertThat(BackendReply.registration(NFS, 3, "udp", "::1.8.1", "root")).isNull();
        assertThat(BackendReply.registration(NFS, 3, "local", "127.0.0.1.8.1", "root"))
                .isNull();
        assertThat(BackendReply.registration(NFS, 3, "tcp", "127.0.0.1.0.0", "root"))
                .isNull();
        assertThat(BackendReply.registration(NFS, 3, "tcp", "/run/x", "root")).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        // local business of the backend
        "local, /run/rpcbind.sock",
        "local, 127.0.0.1.8.1",
        "ticots, host.rpc",
        // text that is no address, or one of the other family, or without a port
        "tcp, zzz",
        "tcp, ''",
        "tcp, ::.8.1",
        "udp6, 0.0.0.0.8.1",
        "tcp6, ::ffff:10.0.0.1.8.1",
        "tcp, 0.0.0.0.0.0",
        "tcp, 1.2.3.4.256.1",
        // text that is no netid
        "'', 0.0.0.0.8.1",
        "'tc p', 0.0.0.0.8.1",
        "'tcp\u001b[31m', 0.0.0.0.8.1",
        "'<b>', 0.0.0.0.8.1",
        "'tcp\u00e9', 0.0.0.0.8.1",
        "123456789012345678901234567890123, 0.0.0.0.8.1",
    })
    void leavesOutRegistrationsThatAreOfNoUse(String netid, String address) {
        ByteBuf list = Unpooled.buffer();
        row(list, NFS, 3, netid, address, "superuser");
        row(list, NFS, 4, "tcp", "0.0.0.0.8.1", "");
        list.writeInt(0);

        assertThat(BackendReply.rows(list, 4)).containsExactly(Mapping.anywhere(NFS, 4, Netid.TCP, 2049));
    }

    @Test
    void aLongAddressOrOwnerHarmsItsOwnRowOnly() {
        ByteBuf list = Unpooled.buffer();
        row(list, NFS, 2, "tcp", "0".repeat(2048), "");
        row(list, NFS, 3, "tcp", "0.0.0.0.8.1", "x".repeat(2048));
        row(list, NFS, 4, "tcp", "\0".repeat(6000), "\0".repeat(6000));
        list.writeInt(0);

        assertThat(BackendReply.rows(list, 4)).containsExactly(Mapping.anywhere(NFS, 3, Netid.TCP, 2049));
    }

    @Test
    void anAbsurdlyLongTextEndsTheReading() {
        ByteBuf list = Unpooled.buffer();
        row(list, NFS, 3, "tcp", "0.0.0.0.8.1", "x".repeat(9001));
        list.writeInt(0);

        assertThat(BackendReply.rows(list, 4)).isNull();
    }

    @Test
    void aListingIsCutAtTheMostRows() {
        for (int protocol = 2; protocol <= 4; protocol++) {
            assertThat(BackendReply.rows(listing(20_000, protocol), protocol)).hasSize(20_000);
            assertThat(BackendReply.rows(listing(20_001, protocol), protocol)).hasSize(20_000);
        }
    }

    @Test
    void rowsThatAreLeftOutCountToo() {
        ByteBuf list = Unpooled.buffer();
        for (int i = 0; i < 20_001; i++) {
            row(list, i, 1, "local", "/run/x", "");
        }
        row(list, NFS, 3, "tcp", "0.0.0.0.8.1", "");
        list.writeInt(0);

        assertThat(BackendReply.rows(list, 4)).isEmpty();
    }

    @Test
    void everyTruncationIsWrong() {
        for (int protocol = 2; protocol <= 4; protocol++) {
            ByteBuf whole = listing(2, protocol);
            int length = whole.readableBytes();
            for (int cut = 0; cut < length; cut++) {
                assertThat(BackendReply.rows(whole.slice(0, cut), protocol))
                        .as("version %d, %d bytes", protocol, cut)
                        .isNull();
            }
            assertThat(BackendReply.rows(whole.slice(), protocol)).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"00000000 00000000", "00000002", "ffffffff", "00000001", "00000000 00"})
    void aListingThatGoesOnOrHasAStrangeMarkIsWrong(String results) {
        assertThat(BackendReply.rows(Hex.buffer(results), 2)).isNull();
        assertThat(BackendReply.rows(Hex.buffer(results), 4)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffffffff", "80000000", "7fffffff", "00002329"})
    void anAbsurdLengthIsWrong(String length) {
        for (String before : new String[] {"", "00000003 74637000", "00000003 74637000 00000000"}) {
            ByteBuf list = Hex.buffer("00000001 000186a3 00000003", before, length, "00000000 00000000");
            assertThat(BackendReply.rows(list, 4)).isNull();
        }
    }

    @Test
    void noBytesAreAnException() {
        Random random = new Random(SEED);
        for (int i = 0; i < 20_000; i++) {
            int protocol = 2 + random.nextInt(3);
            ByteBuf list = listing(3, protocol);
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                list.setByte(random.nextInt(list.readableBytes()), random.nextInt());
            }
            List<Mapping> rows = BackendReply.rows(list, protocol);
            assertThat(rows == null || rows.size() <= 3).isTrue();
        }
    }

    private static ByteBuf listing(int rows, int protocol) {
        ByteBuf list = Unpooled.buffer();
        for (int i = 0; i < rows; i++) {
            if (protocol == 2) {
                list.writeInt(1).writeInt(i).writeInt(1).writeInt(17).writeInt(111);
            } else {
                row(list, i, 1, "tcp", "0.0.0.0.0.111", "");
            }
        }
        return list.writeInt(0);
    }

    private static void row(ByteBuf out, int program, int version, String netid, String address, String owner) {
        out.writeInt(1).writeInt(program).writeInt(version);
        string(out, netid);
        string(out, address);
        string(out, owner);
    }

    private static ByteBuf text(@Nullable String text) {
        ByteBuf out = Unpooled.buffer();
        string(out, String.valueOf(text));
        return out;
    }

    private static void string(ByteBuf out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        out.writeInt(bytes.length).writeBytes(bytes).writeZero((4 - bytes.length % 4) % 4);
    }
}

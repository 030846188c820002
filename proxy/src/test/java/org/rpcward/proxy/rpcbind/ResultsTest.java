package org.rpcward.proxy.rpcbind;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpcbind.Results.Asked;

class ResultsTest {
    private static final int MOUNTD = 100_005;
    private static final IpAddress V4 = address("192.0.2.1");
    private static final IpAddress V6 = address("2001:db8:a::1");
    private static final Asked BOTH = new Asked(V4, V6);
    private static final Asked ONLY_V4 = new Asked(V4, null);

    private static final Mapping UDP = Mapping.anywhere(MOUNTD, 3, Netid.UDP, 20048);
    private static final Mapping TCP = Mapping.anywhere(MOUNTD, 3, Netid.TCP, 20048);
    private static final Mapping TCP6 = Mapping.anywhere(MOUNTD, 3, Netid.TCP6, 20048);
    private static final Mapping LOOPBACK = Mapping.of(MOUNTD, 1, Netid.TCP, address("127.0.0.1"), 20048);
    private static final Mapping LOOPBACK6 = Mapping.of(MOUNTD, 1, Netid.TCP6, address("::1"), 20048);
    private static final Mapping INNER = Mapping.of(MOUNTD, 2, Netid.UDP, address("10.0.0.7"), 20048);
    private static final Mapping SCTP = new Mapping(MOUNTD, 3, "sctp", null, IpAddress.v4(0), 20048, "root");

    @Test
    void aPortIsOneWordAndZeroForNone() {
        assertThat(written(out -> Results.port(out, List.of(TCP)))).isEqualTo("00004e50");
        assertThat(written(out -> Results.port(out, List.of()))).isEqualTo("00000000");
    }

    @Test
    void anAddressHasTheHostThatWasAskedWhereverTheServiceIsRegistered() {
        String v4 = "0000000f 3139322e 302e322e 312e3738 2e383000";
        assertThat(written(out -> Results.address(out, List.of(TCP), BOTH))).isEqualTo(v4);
        assertThat(written(out -> Results.address(out, List.of(LOOPBACK), BOTH)))
                .isEqualTo(v4);
        assertThat(written(out -> Results.address(out, List.of(INNER), BOTH))).isEqualTo(v4);
        assertThat(written(out -> Results.address(out, List.of(TCP6), BOTH)))
                .isEqualTo("00000013 32303031 3a646238 3a613a3a 312e3738 2e383000");
    }

    @Test
    void anAddressIsEmptyForNoneAndWhereTheFamilyHasNoAddress() {
        assertThat(written(out -> Results.address(out, List.of(), BOTH))).isEqualTo("00000000");
        assertThat(written(out -> Results.address(out, List.of(TCP6), ONLY_V4))).isEqualTo("00000000");
    }

    @Test
    void anAddressListTellsOfEachTransport() {
        String tcp = "00000001 0000000f 3139322e 302e322e 312e3738 2e383000"
                + " 00000003 74637000 00000003 00000004 696e6574 00000003 74637000";
        String udp = "00000001 0000000f 3139322e 302e322e 312e3738 2e383000"
                + " 00000003 75647000 00000001 00000004 696e6574 00000003 75647000";
        String tcp6 = "00000001 00000013 32303031 3a646238 3a613a3a 312e3738 2e383000"
                + " 00000004 74637036 00000003 00000005 696e6574 36000000 00000003 74637000";
        assertThat(written(out -> Results.addressList(out, List.of(TCP, UDP), BOTH)))
                .isEqualTo(tcp + " " + udp + " 00000000");
        assertThat(written(out -> Results.addressList(out, List.of(TCP6), BOTH)))
                .isEqualTo(tcp6 + " 00000000");
    }

    @Test
    void anAddressListLeavesOutWhatHasNoAddressOrNoKnownTransport() {
        assertThat(written(out -> Results.addressList(out, List.of(TCP6, SCTP), ONLY_V4)))
                .isEqualTo("00000000");
    }

    @Test
    void aListOfMappingsHasIpv4Only() {
        assertThat(Hex.of(Results.listing(List.of(TCP, TCP6, UDP, SCTP), 2, BOTH)))
                .isEqualTo("00000001 000186a5 00000003 00000006 00004e50"
                        + " 00000001 000186a5 00000003 00000011 00004e50 00000000");
    }

    @Test
    void aListOfRegistrationsKeepsWildcardsAndReplacesEveryOtherHost() {
        String wildcard = "00000001 000186a5 00000003 00000003 74637000 0000000d 302e302e 302e302e 37382e38 30000000"
                + " 00000000";
        String wildcard6 = "00000001 000186a5 00000003 00000004 74637036 00000008 3a3a2e37 382e3830 00000000";
        String loopback = "00000001 000186a5 00000001 00000003 74637000 0000000f 3139322e 302e322e 312e3738 2e383000"
                + " 00000000";
        String inner = "00000001 000186a5 00000002 00000003 75647000 0000000f 3139322e 302e322e 312e3738 2e383000"
                + " 00000000";
        assertThat(Hex.of(Results.listing(List.of(TCP, TCP6, LOOPBACK, INNER), 3, BOTH)))
                .isEqualTo(wildcard + " " + wildcard6 + " " + loopback + " " + inner + " 00000000");
    }

    @Test
    void versionsThreeAndFourAreListedAlikeAndOwnersAreBlank() {
        assertThat(Hex.of(Results.listing(List.of(SCTP, TCP, INNER), 4, BOTH)))
                .isEqualTo(Hex.of(Results.listing(List.of(SCTP, TCP, INNER), 3, BOTH)))
                .startsWith("00000001 000186a5 00000003 00000004 73637470 0000000d 302e302e 302e302e 37382e38 30000000"
                        + " 00000000 00000001");
    }

    @Test
    void aListOfRegistrationsDropsARowThatHasNoAddressToShow() {
        assertThat(Hex.of(Results.listing(List.of(LOOPBACK6), 3, ONLY_V4))).isEqualTo("00000000");
        assertThat(Hex.of(Results.listing(List.of(LOOPBACK), 3, new Asked(null, V6))))
                .isEqualTo("00000000");
    }

    @Test
    void statisticsHaveNothingButHowOftenEachProcedureWasCalled() {
        List<Integer> asked = new ArrayList<>();
        String words = written(out -> Results.statistics(out, which -> {
            asked.add(which);
            return which == (4 << 8 | 3) ? 7 : 0;
        }));

        assertThat(words.split(" ", -1)).hasSize(3 * (13 + 4));
        assertThat(words.split(" ", -1)[2 * 17 + 3]).isEqualTo("00000007");
        assertThat(words.replace("00000007", "00000000")).matches("(00000000 ?)+");
        assertThat(asked).hasSize(39).doesNotHaveDuplicates().contains(2 << 8, 4 << 8 | 12);
    }

    private static IpAddress address(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    private static String written(Consumer<ByteBuf> writer) {
        ByteBuf out = Unpooled.buffer();
        writer.accept(out);
        return Hex.of(out);
    }
}

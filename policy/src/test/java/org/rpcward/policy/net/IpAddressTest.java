package org.rpcward.policy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpAddressTest {
    private static IpAddress ip(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "10.1.2.3, 10.1.2.3",
        "::, ::",
        "::1, ::1",
        "1::, 1::",
        "2001:DB8::A, 2001:db8::a",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:0db8:0000:0001:0000:0000:0000:0001, 2001:db8:0:1::1",
        "1:0:2:3:4:5:6:7, 1:0:2:3:4:5:6:7",
        "0:0:1:0:0:0:1:0, 0:0:1::1:0",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::ffff:10.1.2.3, 10.1.2.3",
        "::FFFF:0a01:0203, 10.1.2.3",
        "64:ff9b::192.0.2.1, 64:ff9b::c000:201",
        "1:2:3:4:5:6:7.8.9.10, 1:2:3:4:5:6:708:90a",
        "::10.1.2.3, ::a01:203",
        "1::2:3:4:5:6:7, 1:0:2:3:4:5:6:7",
    })
    void readsEveryFormAndWritesOne(String written, String canonical) {
        assertThat(ip(written)).hasToString(canonical);
        assertThat(ip(canonical)).isEqualTo(ip(written));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.256",
                "01.2.3.4",
                "1.2.3.04",
                "1.2.3.",
                ".1.2.3",
                "1..2.3",
                "0x1.2.3.4",
                "1.2.3.4 ",
                " 1.2.3.4",
                "+1.2.3.4",
                "1.2.3.-4",
                "1000.1.1.1",
                "4294967295",
                ":",
                ":::",
                "1:::2",
                "::1::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4:5:6:7::8:9",
                "::12345",
                "::g",
                ":1",
                "1:",
                "1:2:3:4:5:6:7:",
                ":2:3:4:5:6:7:8",
                "fe80::1%eth0",
                "[::1]",
                "::1/128",
                "::1.2.3",
                "::1.2.3.4.5",
                "1.2.3.4::",
                "::1.2.3.4:5",
                "1:2:3:4:5:6:7:1.2.3.4",
                "localhost",
                "::\u0661",
                "1.2.3.\u0664",
                "1:2:3:4:5:6:7:8::",
                "::1:2:3:4:5:6:7:8",
            })
    void rejectsWhatIsNoAddress(String text) {
        assertThat(IpAddress.parse(text)).isEmpty();
    }

    @Test
    void roundTripsThroughTextAndBytes() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            // Runs of zeros, for "::" to replace.
            long mask = -1L << random.nextInt(64);
            IpAddress a = i % 3 == 0
                    ? IpAddress.v4(random.nextInt())
                    : new IpAddress(random.nextLong() & mask, random.nextLong() & ~mask);
            assertThat(ip(a.toString())).isEqualTo(a);
            assertThat(IpAddress.of(a.bytes())).isEqualTo(a);
            assertThat(a.bytes()).hasSize(a.bits() / 8);
        }
    }

    @Test
    void takesFourOrSixteenBytesOnly() {
        for (int length : new int[] {0, 3, 5, 15, 17}) {
            assertThatIllegalArgumentException().isThrownBy(() -> IpAddress.of(new byte[length]));
        }
        assertThat(IpAddress.of(new byte[] {(byte) 192, 0, 2, 1})).isEqualTo(ip("192.0.2.1"));
    }

    @Test
    void ordersAddressesOfAFamilyAsUnsignedNumbers() {
        assertThat(ip("127.255.255.255")).isLessThan(ip("128.0.0.0"));
        assertThat(ip("0.0.0.0")).isLessThan(ip("255.255.255.255"));
        assertThat(ip("7fff:ffff::")).isLessThan(ip("8000::"));
        assertThat(ip("::7fff:ffff:ffff:ffff")).isLessThan(ip("::8000:0:0:0"));
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, true, false, false, false",
        "127.255.255.255, true, false, false, false",
        "126.255.255.255, false, false, false, false",
        "128.0.0.0, false, false, false, false",
        "::1, true, false, false, false",
        "::2, false, false, false, false",
        "0.0.0.0, false, true, false, false",
        "::, false, true, false, false",
        "169.254.0.0, false, false, true, false",
        "169.255.0.0, false, false, false, false",
        "fe80::1, false, false, true, false",
        "febf:ffff::1, false, false, true, false",
        "fec0::1, false, false, false, false",
        "224.0.0.0, false, false, false, true",
        "239.255.255.255, false, false, false, true",
        "240.0.0.0, false, false, false, false",
        "ff02::1, false, false, false, true",
        "feff::1, false, false, false, false",
    })
    void knowsSpecialAddresses(String text, boolean loopback, boolean wildcard, boolean linkLocal, boolean multicast) {
        assertThat(ip(text).isLoopback()).isEqualTo(loopback);
        assertThat(ip(text).isWildcard()).isEqualTo(wildcard);
        assertThat(ip(text).isLinkLocal()).isEqualTo(linkLocal);
        assertThat(ip(text).isMulticast()).isEqualTo(multicast);
    }
}

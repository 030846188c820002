package org.rpcward.proxy.rpcbind;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.net.IpAddress;

class UniversalAddressTest {
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0.0.111, 0.0.0.0, 111",
        "192.0.2.1.78.80, 192.0.2.1, 20048",
        "255.255.255.255.255.255, 255.255.255.255, 65535",
        "::.8.1, ::, 2049",
        "::1.0.0, ::1, 0",
        "2001:db8:a::1.78.80, 2001:db8:a::1, 20048",
    })
    void readsAndWritesTheSameText(String text, String host, int port) {
        assertThat(UniversalAddress.parse(text)).hasValueSatisfying(address -> {
            assertThat(address.host()).hasToString(host);
            assertThat(address.port()).isEqualTo(port);
            assertThat(address).hasToString(text);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "...",
                "1.2",
                ".1.2",
                "1.2.3.4",
                "1.2.3.4.5",
                "1.2.3.4.5.6.7",
                "1.2.3.4.256.1",
                "1.2.3.4.1.256",
                "1.2.3.4.1.999999999999",
                "1.2.3.4.-1.1",
                "1.2.3.4.+1.1",
                "1.2.3.4.01.1",
                "1.2.3.4.1.00",
                "1.2.3.4.1.",
                "1.2.3.4..1",
                "1.2.3.4.1.1 ",
                " 1.2.3.4.1.1",
                "1.2.3.4.a.1",
                "01.2.3.4.1.1",
                "999.1.1.1.1.1",
                "::1%eth0.0.111",
                "fe80::1%2.0.111",
                "[::1].0.111",
                "localhost.0.111",
                "/run/rpcbind.sock",
                "zzz",
                "1.2.3.4.\u0661.1",
                "1.2.3.4.1\0.1",
            })
    void otherTextIsNoUniversalAddress(String text) {
        assertThat(UniversalAddress.parse(text)).isEmpty();
    }

    @Test
    void theLongestGoodTextIsTakenAndAnyLongerIsNot() {
        String longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255.255.255";
        assertThat(longest).hasSizeLessThanOrEqualTo(UniversalAddress.MAX_LENGTH);
        assertThat(UniversalAddress.parse(longest)).isPresent();
        assertThat(UniversalAddress.parse("0".repeat(2048) + ".1.1")).isEmpty();
        assertThat(UniversalAddress.parse("1.".repeat(1024) + "1")).isEmpty();
    }

    @Test
    void everyPortHasItsTwoOctets() {
        IpAddress host = IpAddress.v4(0xc0000201);
        for (int port = 0; port <= 0xffff; port++) {
            UniversalAddress address = new UniversalAddress(host, port);
            assertThat(UniversalAddress.parse(address.toString())).contains(address);
        }
    }
}

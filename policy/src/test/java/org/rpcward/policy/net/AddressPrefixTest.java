package org.rpcward.policy.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressPrefixTest {
    @ParameterizedTest
    @CsvSource({
        "10.20.0.0/16, 10.20.0.0/16, true, true",
        "10.20.0.0/16, 10.20.3.4/32, true, true",
        "10.20.0.0/16, 10.0.0.0/8, false, true",
        "10.0.0.0/16, 10.0.0.0/8, false, true",
        "10.20.0.0/16, 10.21.0.0/16, false, false",
        "0.0.0.0/0, 2001:db8::/32, false, false",
        "::/0, 10.20.0.0/16, false, false",
    })
    void aBlockLiesInsideAnotherOrAroundItOrBesideIt(String one, String other, boolean contains, boolean overlaps) {
        assertThat(prefix(one).contains(prefix(other))).isEqualTo(contains);
        assertThat(prefix(one).overlaps(prefix(other))).isEqualTo(overlaps);
        assertThat(prefix(other).overlaps(prefix(one))).isEqualTo(overlaps);
    }

    private static AddressPrefix prefix(String text) {
        return AddressPrefix.parse(text).orElseThrow();
    }
}

package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.IpAddress;

class SuppressionKeyTest {
    /** Halves of the last 64 bits that always give the same together: as addresses, all have one hash code. */
    @Test
    void nobodyCanChooseSourcesThatFallTogether() {
        Set<Integer> ofAddresses = new HashSet<>();
        Set<Integer> ofKeys = new HashSet<>();
        for (long i = 0; i < 1000; i++) {
            IpAddress source = new IpAddress(0x2001_0db8_0020_0000L, i << 32 | (i ^ 0x1234));
            ofAddresses.add(source.hashCode());
            ofKeys.add(new Suppression.Key(source, "default").hashCode());
        }
        assertThat(ofAddresses).hasSize(1);
        assertThat(ofKeys).hasSizeGreaterThan(990);
    }

    @Test
    void likeKeysFallTogether() {
        IpAddress source = IpAddress.v4(1);

        assertThat(new Suppression.Key(source, "a", 2, 3)).hasSameHashCodeAs(new Suppression.Key(source, "a", 2, 3));
    }
}

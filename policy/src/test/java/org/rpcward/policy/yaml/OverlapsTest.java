package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

class OverlapsTest {
    /** Small and large ones, each compared with each, in both orders and twice. */
    @Test
    void saysOfEachTwoSetsWhatTheySay() {
        Random random = new Random(7);
        List<AddressSet> sets = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            sets.add(some(random, i % 2 == 0 ? 3 : 400, i % 3 << 20));
        }
        Overlaps overlaps = new Overlaps();
        for (int round = 0; round < 2; round++) {
            for (AddressSet one : sets) {
                for (AddressSet other : sets) {
                    assertThat(overlaps.between(one, other)).isEqualTo(one.intersects(other));
                }
            }
        }
    }

    private static AddressSet some(Random random, int count, int from) {
        List<AddressPrefix> prefixes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            prefixes.add(new AddressPrefix(IpAddress.v4(from + random.nextInt(1 << 18)), 32));
        }
        return AddressSet.of(prefixes);
    }
}

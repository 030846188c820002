package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.kernel.Lanes;
import org.rpcward.proxy.server.SocketDrops.Lane;

/** Under which lane a full queue is counted: an alert looks at what known sources lose. */
class SocketDropsTest {
    private static Lane lane(Policy policy, boolean v4, int number) {
        AddressSet known = policy.rules().known();
        return Lane.of(Lanes.of(known, v4), number);
    }

    @Test
    void whereAnAllowRuleNamesEverybodyEachSocketIsForKnownSources() {
        Policy policy = Policies.of("rules: [{ name: all, from: any, then: allow }]\n");

        for (int number = 0; number < 2 * Lanes.SOCKETS_PER_WORKER; number++) {
            assertThat(lane(policy, true, number)).isEqualTo(Lane.KNOWN);
            assertThat(lane(policy, false, number)).isEqualTo(Lane.KNOWN);
        }
    }

    @Test
    void whereItNamesSomeThereAreBothAndOfTheOtherFamilyNobodyIsKnown() {
        Policy policy = Policies.of("rules: [{ name: some, from: 10.0.0.0/8, then: allow }]\n");

        assertThat(lane(policy, true, 0)).isEqualTo(Lane.KNOWN);
        assertThat(lane(policy, true, Lanes.SOCKETS_PER_WORKER - 1)).isEqualTo(Lane.OTHER);
        assertThat(lane(policy, false, 0)).isEqualTo(Lane.SHARED);
    }

    @Test
    void withoutLanesNobodyCanTell() {
        assertThat(Lane.of(null, 0)).isEqualTo(Lane.SHARED);
    }
}

package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.BanPolicy;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.EnumerationPolicy.Reaction;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.IpAddress;

class ScansReaderTest {
    private static Policy policy(String text) {
        return TestFiles.policy(TestFiles.FRAME + "groups: { g: [10.1.0.0/24] }\nrules: []\n" + text);
    }

    @Test
    void withoutTheKeyScansAreTold() {
        assertThat(policy("").enumeration()).isEqualTo(EnumerationPolicy.DEFAULT);
        assertThat(EnumerationPolicy.DEFAULT.reaction()).isEqualTo(Reaction.TELL);
        assertThat(policy("").bans()).isEqualTo(BanPolicy.DEFAULT);
    }

    @Test
    void theKeyHinders() {
        Duration minute = Duration.ofSeconds(60);
        assertThat(policy("enumeration: {}\n").enumeration())
                .isEqualTo(new EnumerationPolicy(Reaction.HINDER, 20, 60, minute));
        assertThat(policy("enumeration: { throttle_at: 5, ban_at: 5, window: 2m }\n")
                        .enumeration())
                .isEqualTo(new EnumerationPolicy(Reaction.HINDER, 5, 5, minute.multipliedBy(2)));
        assertThat(policy("enumeration: { throttle_at: 500, ban_at: never }\n").enumeration())
                .isEqualTo(new EnumerationPolicy(Reaction.HINDER, 500, EnumerationPolicy.NEVER, minute));
    }

    @Test
    void offCountsNothing() {
        assertThat(policy("enumeration: off\n").enumeration().reaction()).isEqualTo(Reaction.OFF);
        assertThat(policy("enumeration: \"off\"\n").enumeration().reaction()).isEqualTo(Reaction.OFF);
    }

    @Test
    void readsBans() {
        BanPolicy bans = policy("bans: { never: [g, 192.0.2.7], first: 5m, factor: 1.5, longest: 7d }\n")
                .bans();
        assertThat(bans.never().contains(IpAddress.parse("10.1.0.200").orElseThrow()))
                .isTrue();
        assertThat(bans.never().contains(IpAddress.parse("192.0.2.7").orElseThrow()))
                .isTrue();
        assertThat(bans.never().contains(IpAddress.parse("10.1.1.0").orElseThrow()))
                .isFalse();
        assertThat(bans.first()).isEqualTo(Duration.ofMinutes(5));
        assertThat(bans.factor()).isEqualTo(1.5);
        assertThat(bans.longest()).isEqualTo(Duration.ofDays(7));
        assertThat(policy("bans: {}\n").bans()).isEqualTo(BanPolicy.DEFAULT);
    }

    @Test
    void aGroupThatIsNeverBannedIsUsed() {
        assertThat(TestFiles.report(TestFiles.FRAME
                        + "groups: { g: [10.1.0.0/24] }\nrules:\n  - { name: a, from: 10.2.0.0/24, then: hide }\n"
                        + "enumeration: {}\nbans: { never: g }\n"))
                .isEmpty();
    }
}

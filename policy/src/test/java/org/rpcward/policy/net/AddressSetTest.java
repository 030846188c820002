package org.rpcward.policy.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressSetTest {
    private static IpAddress ip(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    private static AddressPrefix prefix(String text) {
        return AddressPrefix.parse(text).orElseThrow();
    }

    private static AddressSet set(String... prefixes) {
        List<AddressPrefix> list = new ArrayList<>();
        for (String p : prefixes) {
            list.add(prefix(p));
        }
        return AddressSet.of(list);
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/24, 10.1.2.0/24, 10.1.2.255",
        "10.1.2.3, 10.1.2.3/32, 10.1.2.3",
        "1.2.3.4/0, 0.0.0.0/0, 255.255.255.255",
        "128.0.0.0/1, 128.0.0.0/1, 255.255.255.255",
        "2001:db8::1/64, 2001:db8::/64, 2001:db8::ffff:ffff:ffff:ffff",
        "2001:db8::1/63, 2001:db8::/63, 2001:db8:0:1:ffff:ffff:ffff:ffff",
        "2001:db8::ff/127, 2001:db8::fe/127, 2001:db8::ff",
        "::1/0, ::/0, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::ffff:192.0.2.1/24, 192.0.2.0/24, 192.0.2.255",
    })
    void prefixesClearTheirHostBits(String written, String canonical, String last) {
        assertThat(prefix(written)).hasToString(canonical);
        assertThat(prefix(written).last()).isEqualTo(ip(last));
        assertThat(prefix(written).contains(ip(last))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "10.0.0.0/",
                "/8",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/08",
                "10.0.0.0/8/8",
                "10.0.0.0/ 8",
                "10.0.0.0/1000",
                "::/129",
                "::/1x",
                "::ffff:10.0.0.0/104",
                "10.0.0.0/255.0.0.0",
            })
    void rejectsWhatIsNoPrefix(String text) {
        assertThat(AddressPrefix.parse(text)).isEmpty();
    }

    @Test
    void keepsFamiliesApart() {
        assertThat(set("::/0").contains(ip("10.0.0.1"))).isFalse();
        assertThat(set("::/0").contains(ip("::ffff:10.0.0.1"))).isFalse();
        assertThat(set("0.0.0.0/0").contains(ip("::1"))).isFalse();
        assertThat(set("::/0", "0.0.0.0/0")).isEqualTo(AddressSet.ALL);
        assertThat(prefix("::/0").contains(ip("10.0.0.1"))).isFalse();
    }

    @Test
    void joinsNeighbours() {
        assertThat(set("10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25")).isEqualTo(set("10.0.0.0/23"));
        assertThat(set("192.0.2.0", "192.0.2.1")).hasToString("{192.0.2.0-192.0.2.1}");
        assertThat(set("0.0.0.0/1", "128.0.0.0/1").v4()).hasSize(1);
        assertThat(set("::/1", "8000::/1").v6()).hasSize(1);
    }

    @Test
    void complementsAtTheEndsOfTheWorld() {
        assertThat(AddressSet.ALL.complement()).isEqualTo(AddressSet.NONE);
        assertThat(AddressSet.NONE.complement()).isEqualTo(AddressSet.ALL);
        assertThat(set("0.0.0.0").complement().complement()).isEqualTo(set("0.0.0.0"));
        assertThat(set("255.255.255.255").complement().contains(ip("255.255.255.255")))
                .isFalse();
        assertThat(set("255.255.255.255").complement().contains(ip("255.255.255.254")))
                .isTrue();
        assertThat(set("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").complement().v6())
                .hasSize(1);
        assertThat(set("::fffe:0:0/96").complement().contains(ip("::fffe:0:1"))).isFalse();
    }

    /** All sets are made inside a /28 at one of the ends of both families, so that a list of booleans can model them. */
    @Test
    void algebraAgreesWithLists() {
        Random random = new Random(2);
        String[] bases = {"0.0.0.0", "255.255.255.240", "10.0.255.240", "::", "2001:db8:0:1::", "::fffe:ffff:fff0"};
        for (int round = 0; round < 3000; round++) {
            IpAddress base = ip(bases[random.nextInt(bases.length)]);
            AddressSet a = randomSet(random, base);
            AddressSet b = randomSet(random, base);
            for (int i = -1; i <= 16; i++) {
                IpAddress x = new IpAddress(base.high(), base.low() + i);
                boolean wrapped = i < 0 && base.low() == 0;
                if (wrapped || x.isV4() != base.isV4()) {
                    continue;
                }
                boolean inA = a.contains(x);
                boolean inB = b.contains(x);
                assertThat(a.union(b).contains(x)).isEqualTo(inA || inB);
                assertThat(a.intersection(b).contains(x)).isEqualTo(inA && inB);
                assertThat(a.minus(b).contains(x)).isEqualTo(inA && !inB);
                assertThat(a.complement().contains(x)).isEqualTo(!inA);
            }
            assertThat(a.intersects(b)).isEqualTo(!a.intersection(b).isEmpty());
            assertThat(a.containsAll(b)).isEqualTo(b.minus(a).isEmpty());
            assertThat(a.union(b)).isEqualTo(b.union(a));
            assertThat(a.union(b).containsAll(a)).isTrue();
            assertThat(a.complement().complement()).isEqualTo(a);
            assertThat(a.minus(b).intersects(b)).isFalse();
        }
    }

    private static AddressSet randomSet(Random random, IpAddress base) {
        List<AddressPrefix> prefixes = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            IpAddress first = new IpAddress(base.high(), base.low() + random.nextInt(16));
            prefixes.add(new AddressPrefix(first, first.bits() - random.nextInt(4)));
        }
        return AddressSet.of(prefixes);
    }
}

package org.rpcward.proxy.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Decision;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

class SourceFilterTest {
    private static final int PASS = -1;
    private static final int DROP = 0;
    private static final HashKeys KEYS = HashKeys.random();
    private static final boolean[] FAMILIES = {true, false};

    private static AddressSet set(String... prefixes) {
        List<AddressPrefix> parsed = new ArrayList<>();
        for (String p : prefixes) {
            parsed.add(AddressPrefix.parse(p).orElseThrow());
        }
        return AddressSet.of(parsed);
    }

    private static IpAddress address(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    @Test
    void dropsWhomThePolicySilencesAndNobodyElse() {
        int dropped = 0;
        int passed = 0;
        for (int seed = 0; seed < 400; seed++) {
            RandomSources random = new RandomSources(seed);
            RuleSet policy = random.policy(seed % 40 == 0 ? 200 : 8);
            AddressSet silenced = policy.silencedOver(Transport.UDP);
            for (boolean v4 : FAMILIES) {
                Fitted filter = SourceFilter.ofDatagrams(silenced, v4, 1 << 20);
                assertThat(filter.isWhole()).isTrue();
                Machine machine = new Machine(filter.program());
                for (int i = 0; i < 1500; i++) {
                    IpAddress source = random.address(v4);
                    int verdict = machine.run(source);
                    assertThat(verdict)
                            .as("seed=%d source=%s", seed, source)
                            .isEqualTo(silenced.contains(source) ? DROP : PASS);
                    if (verdict == DROP) {
                        Decision decision = policy.decide(random.query(source, Transport.UDP));
                        assertThat(decision.verdict()).isEqualTo(Verdict.DROP);
                        assertThat(decision.trials()).isEmpty();
                        dropped++;
                    } else {
                        passed++;
                    }
                }
            }
        }
        assertThat(dropped).isGreaterThan(100_000);
        assertThat(passed).isGreaterThan(100_000);
    }

    @Test
    void oneDatagramInSoManyPasses() {
        Machine machine = new Machine(
                SourceFilter.ofDatagrams(AddressSet.ALL, true, Program.LIMIT).program());
        int passed = 0;
        for (int i = 0; i < 4 * SourceFilter.SAMPLE; i++) {
            machine.random = i;
            passed += machine.run(address("10.0.0.1")) == PASS ? 1 : 0;
        }
        assertThat(passed).isEqualTo(4);
    }

    /** With the packets of a connection it is all or none, and one connection in so many is all. */
    @Test
    void connectionsPassWholeOrNotAtAll() {
        Random random = new Random(3);
        for (boolean v4 : FAMILIES) {
            Machine machine = new Machine(SourceFilter.ofConnections(AddressSet.ALL, v4, KEYS, Program.LIMIT)
                    .program());
            int passed = 0;
            int connections = 300 * SourceFilter.SAMPLE;
            for (int i = 0; i < connections; i++) {
                IpAddress source =
                        v4 ? IpAddress.v4(0x0a000000 | i >>> 8) : new IpAddress(0x2001_0db8_0000_0000L, i >>> 8);
                int port = 32_768 + (i & 0xff);
                int verdict = machine.run(source, port);
                machine.random = random.nextInt();
                assertThat(machine.run(source, port)).isEqualTo(verdict);
                passed += verdict == PASS ? 1 : 0;
            }
            assertThat(passed).isBetween(200, 400);
        }
    }

    @Test
    void connectionsOfOthersAllPass() {
        AddressSet silenced = set("10.0.0.0/8", "2001:db8::/32");
        Machine v4 = new Machine(
                SourceFilter.ofConnections(silenced, true, KEYS, Program.LIMIT).program());
        Machine v6 = new Machine(
                SourceFilter.ofConnections(silenced, false, KEYS, Program.LIMIT).program());
        int silent = 0;
        for (int port = 1; port < 0x10000; port++) {
            assertThat(v4.run(address("11.0.0.0"), port)).isEqualTo(PASS);
            assertThat(v6.run(address("2001:db9::"), port)).isEqualTo(PASS);
            silent += v4.run(address("10.1.2.3"), port) == DROP ? 1 : 0;
        }
        assertThat(silent).isBetween(65_300, 65_535);
    }

    /** What is IPv4 further up is nothing that the program of an IPv6 socket may judge, and the reverse. */
    @Test
    void judgesOneFamilyOnly() {
        Machine v6 = new Machine(
                SourceFilter.ofDatagrams(AddressSet.ALL, false, Program.LIMIT).program());
        Machine v4 = new Machine(
                SourceFilter.ofDatagrams(AddressSet.ALL, true, Program.LIMIT).program());
        byte[] mapped = new byte[48];
        mapped[0] = 0x60;
        mapped[18] = -1;
        mapped[19] = -1;
        mapped[20] = 10;
        assertThat(v6.run(mapped, 40)).isEqualTo(PASS);
        assertThat(v6.run(address("::fffe:ffff:ffff"))).isEqualTo(DROP);
        assertThat(v6.run(address("::1:0:0:0"))).isEqualTo(DROP);
        assertThat(v6.run(address("10.0.0.1"))).isEqualTo(PASS);
        assertThat(v4.run(address("2001:db8::1"))).isEqualTo(PASS);
        assertThat(v4.run(address("10.0.0.1"))).isEqualTo(DROP);
    }

    @Test
    void keepsTheLargestRangesWhenThereIsNoRoomForAll() {
        for (boolean v4 : FAMILIES) {
            List<AddressPrefix> prefixes = new ArrayList<>();
            for (int i = 0; i < 20_000; i++) {
                IpAddress at = v4 ? IpAddress.v4(i << 16) : new IpAddress((long) (i + 1) << 40, 0);
                // A few are wider than the rest.
                prefixes.add(new AddressPrefix(at, v4 ? i % 100 == 0 ? 20 : 28 : i % 100 == 0 ? 36 : 52));
            }
            AddressSet silenced = AddressSet.of(prefixes);
            for (int most : new int[] {1300, 2048, Program.LIMIT}) {
                Fitted filter = SourceFilter.ofDatagrams(silenced, v4, most);
                assertThat(filter.program().length()).isLessThanOrEqualTo(most);
                assertThat(filter.program().length()).isGreaterThan(most * 9 / 10);
                assertThat(filter.isWhole()).isFalse();
                assertThat(filter.of()).isEqualTo(20_000);
                assertThat(filter.kept()).isGreaterThan(200);
                Machine machine = new Machine(filter.program());
                int dropped = 0;
                for (AddressPrefix p : prefixes) {
                    boolean wide = p.length() == 20 || p.length() == 36;
                    int verdict = machine.run(p.first());
                    assertThat(machine.run(p.last())).isEqualTo(verdict);
                    if (wide) {
                        assertThat(verdict).isEqualTo(DROP);
                    }
                    dropped += verdict == DROP ? 1 : 0;
                }
                assertThat(dropped).isEqualTo(filter.kept());
                RandomSources random = new RandomSources(most);
                for (int i = 0; i < 20_000; i++) {
                    IpAddress source = random.address(v4);
                    if (machine.run(source) == DROP) {
                        assertThat(silenced.contains(source)).isTrue();
                    }
                }
            }
        }
    }

    /** A program of the longest kind takes a few dozen steps, not thousands. */
    @Test
    void takesFewSteps() {
        List<AddressPrefix> prefixes = new ArrayList<>();
        for (int i = 0; i < 1500; i++) {
            prefixes.add(new AddressPrefix(IpAddress.v4(i << 12), 24));
        }
        Machine machine = new Machine(SourceFilter.ofDatagrams(AddressSet.of(prefixes), true, Program.LIMIT)
                .program());
        RandomSources random = new RandomSources(1);
        int most = 0;
        for (int i = 0; i < 100_000; i++) {
            machine.run(random.address(true));
            most = Math.max(most, machine.steps);
        }
        assertThat(most).isLessThan(30);
    }
}

package org.rpcward.proxy.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

class LanesTest {
    private static final HashKeys KEYS = HashKeys.random();
    private static final boolean[] FAMILIES = {true, false};
    private static final int MANY = 40_000;

    private static Machine machine(AddressSet known, boolean v4, int workers) {
        return new Machine(Lanes.program(known, AddressSet.NONE, v4, workers, KEYS, Program.LIMIT)
                .program());
    }

    private static AddressSet known() {
        return AddressSet.of(List.of(
                AddressPrefix.parse("10.0.0.0/8").orElseThrow(),
                AddressPrefix.parse("2001:db8::/32").orElseThrow()));
    }

    private static IpAddress source(boolean v4, boolean known, int number) {
        return v4
                ? IpAddress.v4((known ? 0x0a000000 : 0x0b000000) | number)
                : new IpAddress(((known ? 0x2001_0db8L : 0x2001_0db9L) << 32) | (number & ~0xff), number);
    }

    @Test
    void knownSourcesAndOthersShareNoSocket() {
        for (int seed = 0; seed < 200; seed++) {
            RandomSources random = new RandomSources(seed);
            AddressSet known = random.sources(seed % 20 == 0 ? 300 : 6);
            for (boolean v4 : FAMILIES) {
                int workers = 1 + seed % 5;
                Lanes lanes = Lanes.of(known, v4);
                Machine machine = machine(known, v4, workers);
                for (int i = 0; i < 500; i++) {
                    IpAddress source = random.address(v4);
                    int socket = machine.run(source);
                    assertThat(socket).isBetween(0, workers * Lanes.SOCKETS_PER_WORKER - 1);
                    if (lanes == Lanes.TWO) {
                        assertThat(lanes.isKnown(socket))
                                .as("seed=%d %s", seed, source)
                                .isEqualTo(known.contains(source));
                    }
                }
            }
        }
    }

    @Test
    void bothLanesUseAllOfTheirSockets() {
        for (boolean v4 : FAMILIES) {
            for (boolean known : new boolean[] {true, false}) {
                for (int workers : new int[] {1, 2, 3, 8}) {
                    Machine machine = machine(known(), v4, workers);
                    int perWorker = known ? Lanes.KNOWN_PER_WORKER : Lanes.SOCKETS_PER_WORKER - Lanes.KNOWN_PER_WORKER;
                    int[] hits = new int[workers * Lanes.SOCKETS_PER_WORKER];
                    for (int i = 0; i < MANY; i++) {
                        hits[machine.run(source(v4, known, i << 8))]++;
                    }
                    double fair = (double) MANY / (workers * perWorker);
                    for (int socket = 0; socket < hits.length; socket++) {
                        if (Lanes.TWO.isKnown(socket) == known) {
                            assertThat((double) hits[socket])
                                    .as("v4=%s known=%s workers=%d socket=%d", v4, known, workers, socket)
                                    .isBetween(fair * 0.8, fair * 1.2);
                        } else {
                            assertThat(hits[socket]).isZero();
                        }
                    }
                }
            }
        }
    }

    @Test
    void regularsShareNoSocketWithOtherKnownSources() {
        for (boolean v4 : FAMILIES) {
            for (AddressSet known : List.of(known(), AddressSet.ALL)) {
                for (int workers : new int[] {1, 3}) {
                    int most = v4 ? Lanes.MOST_REGULARS_V4 : Lanes.MOST_REGULARS_V6;
                    List<AddressSet.Range> chosen = new ArrayList<>();
                    for (int i = 0; i < most; i++) {
                        IpAddress source = source(v4, true, i * 0x1001);
                        chosen.add(new AddressSet.Range(source, source));
                    }
                    AddressSet regulars = AddressSet.of(v4 ? chosen : List.of(), v4 ? List.of() : chosen);
                    Fitted fitted = Lanes.program(known, regulars, v4, workers, KEYS, Program.LIMIT);
                    // What kernels take in 20 KiB.
                    assertThat(fitted.program().length()).isLessThan(2000);
                    Machine machine = new Machine(fitted.program());
                    Lanes lanes = Lanes.of(known, v4);
                    Set<Integer> ofRegulars = new HashSet<>();
                    chosen.forEach(r -> ofRegulars.add(machine.run(r.first())));
                    Set<Integer> ofOthers = new HashSet<>();
                    for (int i = 0; i < MANY; i++) {
                        IpAddress source = source(v4, true, i * 0x101);
                        if (!regulars.contains(source)) {
                            ofOthers.add(machine.run(source));
                        }
                    }
                    assertThat(ofRegulars).hasSize(workers).allMatch(lanes::isOfRegulars);
                    int perWorker = known.equals(AddressSet.ALL) ? Lanes.SOCKETS_PER_WORKER : Lanes.KNOWN_PER_WORKER;
                    assertThat(ofOthers)
                            .hasSize(workers * (perWorker - 1))
                            .noneMatch(lanes::isOfRegulars)
                            .allMatch(lanes::isKnown);
                    int stranger = machine.run(source(v4, false, 7));
                    assertThat(lanes.isKnown(stranger)).isEqualTo(known.equals(AddressSet.ALL));
                    assertThat(lanes.isOfRegulars(stranger)).isFalse();
                }
            }
        }
    }

    /** Nobody is heard as a client who is none. */
    @Test
    void aRegularThatIsNotKnownStaysAmongTheOthers() {
        IpAddress stranger = source(true, false, 7);
        AddressSet regulars = AddressSet.of(List.of(new AddressSet.Range(stranger, stranger)), List.of());
        Machine machine = new Machine(
                Lanes.program(known(), regulars, true, 2, KEYS, Program.LIMIT).program());
        assertThat(Lanes.TWO.isKnown(machine.run(stranger))).isFalse();
        assertThat(Lanes.ALL_OTHERS.isOfRegulars(0)).isFalse();
    }

    /** Whatever one prefix of strangers sends, it has one queue to fill; one known network has them all to use. */
    @Test
    void aPrefixOfStrangersHasOneSocket() {
        for (boolean v4 : FAMILIES) {
            Machine machine = machine(known(), v4, 2);
            Set<Integer> others = new HashSet<>();
            Set<Integer> known = new HashSet<>();
            for (int i = 0; i < 256; i++) {
                others.add(machine.run(source(v4, false, i)));
                known.add(machine.run(source(v4, true, i)));
            }
            assertThat(others).hasSize(1);
            assertThat(known).hasSize(2 * Lanes.KNOWN_PER_WORKER);
        }
        Machine machine = machine(known(), false, 2);
        Set<Integer> ofOneSite = new HashSet<>();
        for (int i = 0; i < 256; i++) {
            ofOneSite.add(machine.run(new IpAddress(0x2001_0db9_0000_0000L | i, i * 0x1234_5678_9abc_def1L)));
        }
        assertThat(ofOneSite).hasSize(1);
    }

    @Test
    void whereEverybodyOrNobodyIsKnownAllSocketsAreUsed() {
        for (boolean v4 : FAMILIES) {
            for (AddressSet known : List.of(AddressSet.ALL, AddressSet.NONE)) {
                Machine machine = machine(known, v4, 2);
                Set<Integer> used = new HashSet<>();
                for (int i = 0; i < MANY; i++) {
                    used.add(machine.run(source(v4, false, i << 8)));
                }
                assertThat(used).hasSize(2 * Lanes.SOCKETS_PER_WORKER);
            }
        }
        assertThat(Lanes.of(AddressSet.ALL, true)).isEqualTo(Lanes.ALL_KNOWN);
        assertThat(Lanes.of(AddressSet.NONE, false)).isEqualTo(Lanes.ALL_OTHERS);
    }

    /** Who shares a socket with whom differs from one process to the next. */
    @Test
    void nobodyCanTellWhoSharesASocket() {
        int shared = 0;
        int victimsSocket = 0;
        for (int i = 0; i < 2000; i++) {
            Machine machine =
                    new Machine(Lanes.program(known(), AddressSet.NONE, true, 1, HashKeys.random(), Program.LIMIT)
                            .program());
            victimsSocket = machine.run(IpAddress.v4(0x0b000100));
            shared += machine.run(IpAddress.v4(0x0b000200)) == victimsSocket ? 1 : 0;
        }
        assertThat(shared).isBetween(380, 620);
    }

    /** When the set is too large for a program, nobody who is known leaves his lane; some strangers come into it. */
    @Test
    void tooManyKnownSources() {
        List<AddressPrefix> prefixes = new ArrayList<>();
        for (int i = 0; i < 30_000; i++) {
            prefixes.add(new AddressPrefix(IpAddress.v4(i << 12), 24));
        }
        AddressSet known = AddressSet.of(prefixes);
        Fitted lanes = Lanes.program(known, AddressSet.NONE, true, 2, KEYS, Program.LIMIT);
        assertThat(lanes.isWhole()).isFalse();
        assertThat(lanes.program().length()).isLessThanOrEqualTo(Program.LIMIT);
        Machine machine = new Machine(lanes.program());
        for (AddressPrefix p : prefixes) {
            assertThat(Lanes.TWO.isKnown(machine.run(p.first()))).isTrue();
            assertThat(Lanes.TWO.isKnown(machine.run(p.last()))).isTrue();
        }
        assertThat(Lanes.TWO.isKnown(machine.run(IpAddress.v4(0xf0000001)))).isFalse();
    }
}

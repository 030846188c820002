package org.rpcward.proxy.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.registry.Question.Kind;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class RegistryTest {
    private static final int PORTMAPPER = 100_000;
    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final RowFilter ALL = row -> true;

    private static final Mapping V1 = Mapping.anywhere(MOUNTD, 1, Netid.TCP, 1001);
    private static final Mapping V3 = Mapping.anywhere(MOUNTD, 3, Netid.TCP, 1003);
    private static final Mapping V2 = Mapping.anywhere(MOUNTD, 2, Netid.TCP, 1002);
    private static final Mapping V3_UDP = Mapping.anywhere(MOUNTD, 3, Netid.UDP, 2003);
    private static final Mapping V3_TCP6 = Mapping.anywhere(MOUNTD, 3, Netid.TCP6, 3003);
    private static final Mapping SCTP = new Mapping(MOUNTD, 3, "sctp", null, IpAddress.v4(0), 4003, "");

    private final Registry registry = Registry.of(List.of(V1, V3, V2, V3_UDP, V3_TCP6, SCTP), List.of());

    @Test
    void aLookupFindsTheExactVersion() {
        assertThat(lookup(registry, MOUNTD, 1, Netid.TCP, ALL)).containsExactly(V1);
        assertThat(lookup(registry, MOUNTD, 3, Netid.TCP, ALL)).containsExactly(V3);
        assertThat(lookup(registry, MOUNTD, 3, Netid.UDP, ALL)).containsExactly(V3_UDP);
        assertThat(lookup(registry, MOUNTD, 3, Netid.TCP6, ALL)).containsExactly(V3_TCP6);
    }

    @Test
    void aLookupOfAVersionThatIsNotThereFindsTheOneThatWasRegisteredLast() {
        assertThat(lookup(registry, MOUNTD, 0, Netid.TCP, ALL)).containsExactly(V2);
        assertThat(lookup(registry, MOUNTD, -1, Netid.TCP, ALL)).containsExactly(V2);
        assertThat(lookup(registry, MOUNTD, 9, Netid.UDP, ALL)).containsExactly(V3_UDP);
    }

    @Test
    void aLookupFindsNothingOverATransportThatIsNotThere() {
        assertThat(lookup(registry, MOUNTD, 3, Netid.UDP6, ALL)).isEmpty();
        assertThat(lookup(registry, NFS, 3, Netid.TCP, ALL)).isEmpty();
    }

    @Test
    void anExactLookupDoesNotFallBack() {
        assertThat(registry.select(new Question(Kind.EXACT_VERSION, MOUNTD, 3, Netid.TCP), ALL))
                .containsExactly(V3);
        assertThat(registry.select(new Question(Kind.EXACT_VERSION, MOUNTD, 4, Netid.TCP), ALL))
                .isEmpty();
    }

    @Test
    void aLookupOfAFamilyFindsAllItsTransportsInOneVersion() {
        assertThat(registry.select(new Question(Kind.FAMILY, MOUNTD, 3, Netid.TCP), ALL))
                .containsExactly(V3, V3_UDP);
        assertThat(registry.select(new Question(Kind.FAMILY, MOUNTD, 3, Netid.UDP), ALL))
                .containsExactly(V3, V3_UDP);
        assertThat(registry.select(new Question(Kind.FAMILY, MOUNTD, 3, Netid.UDP6), ALL))
                .containsExactly(V3_TCP6);
        assertThat(registry.select(new Question(Kind.FAMILY, MOUNTD, 4, Netid.UDP), ALL))
                .isEmpty();
    }

    @Test
    void aHiddenRowIsNotThere() {
        assertThat(lookup(registry, MOUNTD, 3, Netid.TCP, row -> row.version() != 3))
                .containsExactly(V2);
        assertThat(lookup(registry, MOUNTD, 3, Netid.TCP, row -> row.version() == 1))
                .containsExactly(V1);
        assertThat(lookup(registry, MOUNTD, 3, Netid.TCP, row -> false)).isEmpty();
        assertThat(registry.select(new Question(Kind.FAMILY, MOUNTD, 3, Netid.TCP), row -> row.known() == Netid.UDP))
                .containsExactly(V3_UDP);
    }

    @Test
    void aListingHasNoMoreRowsThanAllowedAndOnlyThoseThatAreShown() {
        assertThat(registry.select(ALL, 11)).hasSize(11).endsWith(V1);
        assertThat(registry.select(row -> row.program() == MOUNTD, 2)).containsExactly(V1, V3);
        assertThat(registry.select(row -> false, 100)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whoMaySeeNothingFindsNothing(Kind kind) {
        assertThat(registry.select(new Question(kind, MOUNTD, 3, Netid.TCP), row -> false))
                .isEmpty();
    }

    @Test
    void aListingHasTheOwnRowsFirstAndTheOthersInTheOrderOfRegistration() {
        List<Mapping> rows = registry.select(ALL, 100);

        assertThat(rows.stream().limit(10).map(m -> m.version() + " " + m.netid() + " " + m.port()))
                .containsExactly(
                        "4 tcp6 111",
                        "3 tcp6 111",
                        "4 udp6 111",
                        "3 udp6 111",
                        "4 tcp 111",
                        "3 tcp 111",
                        "2 tcp 111",
                        "4 udp 111",
                        "3 udp 111",
                        "2 udp 111");
        assertThat(rows.subList(0, 10))
                .allMatch(m -> m.program() == PORTMAPPER && m.host().isWildcard());
        assertThat(rows.subList(10, rows.size())).containsExactly(V1, V3, V2, V3_UDP, V3_TCP6, SCTP);
        assertThat(registry.rows()).isEqualTo(rows);
    }

    @Test
    void theBackendsOwnRowsOfThePortmapperAreReplaced() {
        Registry moved = Registry.of(
                List.of(
                        Mapping.anywhere(PORTMAPPER, 2, Netid.TCP, 10111),
                        Mapping.of(PORTMAPPER, 2, Netid.UDP, IpAddress.v4(0x7f000001), 10111)),
                List.of());

        assertThat(moved.rows()).hasSize(10).allMatch(m -> m.port() == 111);
        assertThat(lookup(moved, PORTMAPPER, 2, Netid.TCP, ALL))
                .containsExactly(Mapping.anywhere(PORTMAPPER, 2, Netid.TCP, 111));
    }

    @Test
    void thePortmapperSpeaksVersionsTwoToFourWhateverTheBackendSpeaks() {
        for (int version = 2; version <= 4; version++) {
            assertThat(lookup(Registry.of(List.of(), List.of()), PORTMAPPER, version, Netid.UDP, ALL))
                    .containsExactly(Mapping.anywhere(PORTMAPPER, version, Netid.UDP, 111));
        }
    }

    @Test
    void aPinLiesOverWhatTheBackendSays() {
        BackendPolicy.Row pin = new BackendPolicy.Row(MOUNTD, 3, "tcp", 20048);
        Registry pinned = Registry.of(List.of(V1, V3, V3_UDP), List.of(pin));

        assertThat(lookup(pinned, MOUNTD, 3, Netid.TCP, ALL))
                .containsExactly(Mapping.anywhere(MOUNTD, 3, Netid.TCP, 20048));
        assertThat(lookup(pinned, MOUNTD, 1, Netid.TCP, ALL)).containsExactly(V1);
        assertThat(lookup(pinned, MOUNTD, 3, Netid.UDP, ALL)).containsExactly(V3_UDP);
        assertThat(pinned.rows()).hasSize(13).doesNotContain(V3);
        assertThat(Registry.isPinned(V3, List.of(pin))).isTrue();
        assertThat(Registry.isPinned(V1, List.of(pin))).isFalse();
        assertThat(Registry.isPinned(V3_UDP, List.of(pin))).isFalse();
    }

    @Test
    void aPinAddsWhatTheBackendDoesNotHave() {
        Registry pinned = Registry.of(List.of(), List.of(new BackendPolicy.Row(NFS, 3, "udp6", 2049)));

        assertThat(lookup(pinned, NFS, 3, Netid.UDP6, ALL)).containsExactly(Mapping.anywhere(NFS, 3, Netid.UDP6, 2049));
    }

    @Test
    void whatIsRegisteredTwiceIsOneRow() {
        Registry twice = Registry.of(
                List.of(V1, V3, V1),
                List.of(new BackendPolicy.Row(NFS, 3, "tcp", 2049), new BackendPolicy.Row(NFS, 3, "tcp", 2049)));

        assertThat(twice.rows()).hasSize(10 + 3);
    }

    @Test
    void programNumbersAreUnsignedAndKeptApartByTransport() {
        List<Mapping> rows = IntStream.of(0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30)
                .boxed()
                .flatMap(program -> List.of(Netid.values()).stream()
                        .map(netid ->
                                Mapping.anywhere(program, 1, netid, netid.ipProtocol() + (netid.isV4() ? 100 : 200))))
                .toList();
        Registry odd = Registry.of(rows, List.of());

        for (Mapping row : rows) {
            Netid netid = row.known();
            if (netid != null) {
                assertThat(lookup(odd, row.program(), 1, netid, ALL)).containsExactly(row);
            }
        }
    }

    private static List<Mapping> lookup(Registry in, int program, int version, Netid netid, RowFilter shown) {
        return in.select(new Question(Kind.ANY_VERSION, program, version, netid), shown);
    }
}

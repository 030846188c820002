package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.backend.RegistryChange.Kind;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class RegistryChangeTest {
    private static final Mapping TCP = row(100_003, 3, Netid.TCP, 2049, "root");
    private static final Mapping UDP = row(100_003, 3, Netid.UDP, 2049, "root");

    @Test
    void thereIsNoneBetweenReadingsThatSayTheSame() {
        assertThat(RegistryChange.between(List.of(TCP, UDP), List.of(UDP, TCP))).isEmpty();
        assertThat(RegistryChange.between(List.of(), List.of())).isEmpty();
    }

    @Test
    void tellsWhatIsNewAndWhatIsGone() {
        assertThat(RegistryChange.between(List.of(TCP), List.of(UDP)))
                .containsExactly(
                        new RegistryChange(Kind.APPEARED, null, UDP), new RegistryChange(Kind.GONE, TCP, null));
    }

    @Test
    void tellsWhatMovedToAnotherPortOrAddress() {
        Mapping port = TCP.withPort(2050);
        Mapping host = new Mapping(100_003, 3, "tcp", Netid.TCP, IpAddress.v4(0x7f000001), 2049, "root");

        assertThat(RegistryChange.between(List.of(TCP), List.of(port)))
                .containsExactly(new RegistryChange(Kind.MOVED, TCP, port));
        assertThat(RegistryChange.between(List.of(TCP), List.of(host)))
                .containsExactly(new RegistryChange(Kind.MOVED, TCP, host));
    }

    @Test
    void tellsThatAnotherOwnsIt() {
        Mapping other = row(100_003, 3, Netid.TCP, 2049, "1000");

        assertThat(RegistryChange.between(List.of(TCP), List.of(other)))
                .containsExactly(new RegistryChange(Kind.OWNER, TCP, other));
    }

    @Test
    void programNumbersThatServicesMakeUpAreTransient() {
        for (int program : new int[] {0x40000000, 0x5fffffff}) {
            Mapping row = row(program, 1, Netid.TCP, 1, "");
            assertThat(RegistryChange.between(List.of(), List.of(row)))
                    .containsExactly(new RegistryChange(Kind.TRANSIENT, null, row));
        }
        for (int program : new int[] {0, 0x3fffffff, 0x60000000, -1}) {
            Mapping row = row(program, 1, Netid.TCP, 1, "");
            assertThat(RegistryChange.between(List.of(), List.of(row)))
                    .containsExactly(new RegistryChange(Kind.APPEARED, null, row));
        }
    }

    @Test
    void ofARegistrationThatStandsTwiceTheLastCounts() {
        Mapping moved = TCP.withPort(2050);

        assertThat(RegistryChange.between(List.of(TCP, moved), List.of(moved))).isEmpty();
        assertThat(RegistryChange.between(List.of(TCP), List.of(moved, TCP))).isEmpty();
    }

    @Test
    void isAboutTheRegistrationAsItIsOrAsItWas() {
        assertThat(new RegistryChange(Kind.MOVED, TCP, UDP).registration()).isEqualTo(UDP);
        assertThat(new RegistryChange(Kind.GONE, TCP, null).registration()).isEqualTo(TCP);
        assertThatIllegalStateException().isThrownBy(() -> new RegistryChange(Kind.GONE, null, null).registration());
    }

    private static Mapping row(int program, int version, Netid netid, int port, String owner) {
        return new Mapping(program, version, netid.word(), netid, IpAddress.v4(0), port, owner);
    }
}

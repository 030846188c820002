package org.rpcward.proxy.rpcbind;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

class NetidTest {
    @ParameterizedTest
    @CsvSource({
        "UDP, udp, UDP, 17, inet, udp, 1, true",
        "TCP, tcp, TCP, 6, inet, tcp, 3, true",
        "UDP6, udp6, UDP, 17, inet6, udp, 1, false",
        "TCP6, tcp6, TCP, 6, inet6, tcp, 3, false",
    })
    void tellsWhatRpcbindTellsOfIt(
            Netid netid,
            String word,
            Transport transport,
            int ipProtocol,
            String family,
            String protocol,
            int semantics,
            boolean v4) {
        assertThat(netid.word()).isEqualTo(word);
        assertThat(netid.transport()).isEqualTo(transport);
        assertThat(netid.ipProtocol()).isEqualTo(ipProtocol);
        assertThat(netid.family()).isEqualTo(family);
        assertThat(netid.protocol()).isEqualTo(protocol);
        assertThat(netid.semantics()).isEqualTo(semantics);
        assertThat(netid.isV4()).isEqualTo(v4);
        assertThat(Netid.ofWord(word)).isEqualTo(netid);
        assertThat(Netid.of(transport, v4 ? IpAddress.v4(1) : new IpAddress(1, 1)))
                .isEqualTo(netid);
    }

    @Test
    void versionTwoKnowsIpv4Only() {
        assertThat(Netid.ofIpProtocol(17)).isEqualTo(Netid.UDP);
        assertThat(Netid.ofIpProtocol(6)).isEqualTo(Netid.TCP);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 16, 18, 132, 0x1006, -1, Integer.MIN_VALUE})
    void otherProtocolNumbersAreNone(int ipProtocol) {
        assertThat(Netid.ofIpProtocol(ipProtocol)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "UDP", "tcp ", "tcp4", "local", "sctp", "ticots"})
    void otherWordsAreNone(String word) {
        assertThat(Netid.ofWord(word)).isNull();
    }
}

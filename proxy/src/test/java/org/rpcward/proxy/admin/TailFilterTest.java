package org.rpcward.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.observe.CallRecord;

class TailFilterTest {
    private static final IpAddress SOURCE = IpAddress.parse("10.1.2.3").orElseThrow();
    private static final CallRecord CALL = new CallRecord(
            "lan",
            SOURCE,
            Transport.UDP,
            new Query(SOURCE, Transport.UDP, 2, Procedure.GETPORT, 100_003, 3),
            Verdict.DROP,
            "NFS for nobody",
            "limit lookups",
            false,
            "0123abcd");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                     | true",
                "verdict=drop                           | true",
                "verdict=allow                          | false",
                "verdict!=allow                         | true",
                "rule=nfs                               | false",
                "verdict~drop                           | true",
                "verdict~ro                             | true",
                "source=10.1.0.0/16                     | true",
                "source=10.1.2.3                        | true",
                "source=10.2.0.0/16                     | false",
                "source!=10.0.0.0/8                     | false",
                "source~10.1                            | true",
                "rule~nfs                               | true",
                "rule!~nfs                              | false",
                "rule=\"nfs for nobody\"                | true",
                "reason~limit                           | true",
                "transport=udp procedure=getport        | true",
                "transport=udp procedure=dump           | false",
                "program=nfs                            | true",
                "program=100003                         | true",
                "program=0x186a3                        | true",
                "program=mountd                         | false",
                "program~nf                             | true",
                "version=3 listener=LAN                 | true",
                "protocol=2 mode=enforce                | true",
                "protocol=4                             | false",
                "mode=audit                             | false",
            })
    void termsHoldOrNot(String filter, boolean passes) {
        assertThat(TailFilter.parse(filter).passes(CALL)).isEqualTo(passes);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "drop                | is no term of a filter",
                "colour=red          | no key 'colour'",
                "source=10.1.0.0/99  | is not an address or prefix",
                "rule=\"nfs          | has no end",
                "verdict=            | is no term of a filter",
                "program=0xzz        | is not the number of a program",
                "program=9999999999  | is not the number of a program",
                "program=mountdd     | is known; a number does too; did you mean 'mountd'?",
                "verdict=dropp       | is allow, hide, refuse or drop, not 'dropp'; did you mean 'drop'?",
                "transport!=dccp     | is udp or tcp, not 'dccp'",
                "procedure=getprt    | did you mean 'getport'?",
                "mode=trial          | is enforce or audit, not 'trial'",
            })
    void whatIsNoFilterIsTold(String filter, String reason) {
        assertThatThrownBy(() -> TailFilter.parse(filter))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }
}

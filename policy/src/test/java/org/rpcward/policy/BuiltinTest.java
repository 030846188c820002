package org.rpcward.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Transport;

class BuiltinTest {
    private static final IpAddress KNOWN = IpAddress.parse("10.0.0.1").orElseThrow();
    private static final IpAddress HIDDEN = IpAddress.parse("10.1.0.1").orElseThrow();
    private static final IpAddress STRANGER = IpAddress.parse("192.0.2.1").orElseThrow();

    private static final RuleSet RULES = new RuleSet(
            Builtin.around(
                    List.of(
                            rule("known", "10.0.0.0/24", Verdict.ALLOW, nfs()),
                            rule("hidden", "10.1.0.0/24", Verdict.HIDE, nfs())),
                    Map.of()),
            Verdict.DROP);

    private static Clause nfs() {
        return new Clause.Program("program", "nfs", ProgramSet.of(100_003), false);
    }

    private static Rule rule(String name, String from, Verdict then, Clause clause) {
        AddressSet sources = AddressSet.of(List.of(AddressPrefix.parse(from).orElseThrow()));
        List<Clause> clauses = List.of(new Clause.Source("from", from, sources), clause);
        return new Rule(name, Place.BUILTIN, clauses, then, Mode.ENFORCE, null);
    }

    private static Decision ask(IpAddress source, Transport transport, Procedure procedure) {
        int protocol = procedure.newestProtocol();
        return RULES.decide(new Query(source, transport, protocol, procedure, Procedure.PROGRAM, 2));
    }

    @Test
    void strangersGetSilenceOverUdpAndARefusalOverTcp() {
        assertThat(ask(STRANGER, Transport.UDP, Procedure.SET).rule().name()).isEqualTo(Builtin.STRANGERS);
        assertThat(ask(STRANGER, Transport.UDP, Procedure.CALLIT).verdict()).isEqualTo(Verdict.DROP);
        assertThat(ask(STRANGER, Transport.TCP, Procedure.SET).rule().name()).isEqualTo(Builtin.REGISTER);
        assertThat(ask(STRANGER, Transport.TCP, Procedure.BCAST).rule().name()).isEqualTo(Builtin.INDIRECT);
    }

    @Test
    void namedSourcesAreRefusedRegistrationsAndIndirectCalls() {
        for (IpAddress source : List.of(KNOWN, HIDDEN)) {
            assertThat(ask(source, Transport.UDP, Procedure.UNSET).verdict()).isEqualTo(Verdict.REFUSE);
            assertThat(ask(source, Transport.UDP, Procedure.INDIRECT).verdict()).isEqualTo(Verdict.REFUSE);
        }
    }

    @Test
    void whoeverIsAllowedSomethingMayPingAndFindThePortmapper() {
        assertThat(ask(KNOWN, Transport.UDP, Procedure.NULL).rule().name()).isEqualTo(Builtin.PING);
        assertThat(ask(KNOWN, Transport.TCP, Procedure.GETADDR).rule().name()).isEqualTo(Builtin.PORTMAPPER);
        assertThat(ask(HIDDEN, Transport.UDP, Procedure.NULL).rule().name()).isEqualTo("default");
        assertThat(ask(STRANGER, Transport.TCP, Procedure.GETADDR).rule().name())
                .isEqualTo("default");
    }
}

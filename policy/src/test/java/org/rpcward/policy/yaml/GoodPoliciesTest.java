package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Programs;
import org.rpcward.policy.rpc.Transport;

/** The examples that are shipped, and policies in unusual but proper forms: not a word about any of them. */
class GoodPoliciesTest {
    static List<Path> policies() {
        return Stream.concat(
                        TestFiles.policiesIn(TestFiles.EXAMPLES).stream(),
                        TestFiles.policiesIn(TestFiles.GOOD).stream())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("policies")
    void hasNoProblem(Path policy) {
        LoadResult result = TestFiles.load(policy);
        assertThat(ProblemReport.text(result.problems())).isEmpty();
        assertThat(result.policy()).isNotNull();
    }

    private static Verdict verdict(String example, String source, Procedure procedure, Transport over, String program) {
        Policy policy = Objects.requireNonNull(
                TestFiles.load(TestFiles.EXAMPLES.resolve(example)).policy());
        int number = Programs.byName(program).orElseThrow().number();
        IpAddress address = IpAddress.parse(source).orElseThrow();
        int protocol = procedure.oldestProtocol();
        return policy.rules()
                .decide(new Query(address, over, protocol, procedure, number, 1))
                .verdict();
    }

    @Test
    void quickStartCanBeStartedBesideAnRpcbindOnLoopback() {
        Policy policy = Objects.requireNonNull(
                TestFiles.load(TestFiles.EXAMPLES.resolve("quick-start.yaml")).policy());
        ListenerPolicy lan = Objects.requireNonNull(policy.listeners().get("lan"));
        assertThat(lan.bind()).containsExactly(ListenerPolicy.EXTERNAL);
        assertThat(TestFiles.text(TestFiles.EXAMPLES.resolve("quick-start.yaml")))
                .contains("\n    port: 111\n");
        assertThat(TestFiles.text(TestFiles.EXAMPLES.resolve("quick-start-registry.yaml")))
                .contains("\n    port: 111\n");
    }

    @Test
    void quickStartHidesWhatIsDangerousAndShowsTheRest() {
        assertThat(verdict("quick-start.yaml", "10.9.8.7", Procedure.GETPORT, Transport.UDP, "nfs"))
                .isEqualTo(Verdict.ALLOW);
        assertThat(verdict("quick-start.yaml", "10.9.8.7", Procedure.GETADDR, Transport.TCP, "portmapper"))
                .isEqualTo(Verdict.ALLOW);
        assertThat(verdict("quick-start.yaml", "10.9.8.7", Procedure.GETPORT, Transport.UDP, "rexd"))
                .isEqualTo(Verdict.HIDE);
        assertThat(verdict("quick-start.yaml", "192.168.1.1", Procedure.DUMP, Transport.TCP, "nfs"))
                .isEqualTo(Verdict.ALLOW);
        assertThat(verdict("quick-start.yaml", "192.168.1.1", Procedure.DUMP, Transport.UDP, "nfs"))
                .isEqualTo(Verdict.DROP);
        assertThat(verdict("quick-start.yaml", "198.51.100.1", Procedure.GETPORT, Transport.UDP, "nfs"))
                .isEqualTo(Verdict.DROP);
    }

    @Test
    void registryAnswersThisHostToo() {
        assertThat(verdict("quick-start-registry.yaml", "127.0.0.1", Procedure.GETPORT, Transport.UDP, "nfs"))
                .isEqualTo(Verdict.ALLOW);
        assertThat(verdict("quick-start-registry.yaml", "::1", Procedure.DUMP, Transport.TCP, "nfs"))
                .isEqualTo(Verdict.ALLOW);
    }

    @Test
    void nfsServerShowsNothingElseAndLeavesTheGuestsOut() {
        assertThat(verdict("nfs-server.yaml", "10.20.1.1", Procedure.GETPORT, Transport.UDP, "mountd"))
                .isEqualTo(Verdict.ALLOW);
        assertThat(verdict("nfs-server.yaml", "10.20.1.1", Procedure.GETPORT, Transport.UDP, "ypserv"))
                .isEqualTo(Verdict.HIDE);
        assertThat(verdict("nfs-server.yaml", "10.20.99.1", Procedure.GETPORT, Transport.UDP, "mountd"))
                .isEqualTo(Verdict.DROP);
    }

    @Test
    void nisServerLetsSlavesFetchMapsAndOthersNot() {
        assertThat(verdict("nis-server.yaml", "10.30.1.11", Procedure.GETPORT, Transport.UDP, "ypxfrd"))
                .isEqualTo(Verdict.ALLOW);
        assertThat(verdict("nis-server.yaml", "10.30.1.13", Procedure.GETPORT, Transport.UDP, "ypxfrd"))
                .isEqualTo(Verdict.HIDE);
        assertThat(verdict("nis-server.yaml", "10.30.1.13", Procedure.GETPORT, Transport.UDP, "ypserv"))
                .isEqualTo(Verdict.ALLOW);
        assertThat(verdict("nis-server.yaml", "10.30.41.1", Procedure.GETPORT, Transport.UDP, "yppasswdd"))
                .isEqualTo(Verdict.ALLOW);
    }
}

package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The programs that people have, asking rpcward in front of a real rpcbind of the same host. What a client may do depends
 * on the network that it asks from.
 */
@RequiresLab(programs = {"rpcbind", "rpcinfo", "showmount", "nmap", "systemd-socket-activate", "bash", "ss"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RealClientsIT extends Opened {
    private static final String REFUSING_V4 = "10.3.0.1";
    private static final String REFUSING_V6 = "fd00:3::1";
    private static final String SILENT_V4 = "10.4.0.1";

    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: [external] } }
            backends: { legacy: { address: "127.0.0.1:111" } }
            groups:
              friends: [192.0.2.0/24, "2001:db8:a::/64"]
              hidden: [198.51.100.0/24, "2001:db8:b::/64"]
              refused: [10.3.0.0/24, "fd00:3::/64"]
            limits: { enough: { rate: 50/s, burst: 1000 } }
            rules:
              - { name: friends look up, from: friends, call: lookup, then: allow, limit: enough }
              - { name: friends list, from: friends, call: [list, stats], over: tcp, then: allow, limit: enough }
              - { name: nothing to see, from: hidden, then: hide }
              - { name: a clear no, from: refused, then: refuse }
            default: drop
            """;

    /** How long a client may take that is told no. */
    private static final Duration SOON = Duration.ofSeconds(2);

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Lab lab;
    private Rpcward rpcward;
    private Running broadcast;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException {
        lab = opened(new Lab(directory));
        lab.proxy().ip("""
                addr add 10.3.0.1/24 dev s1
                addr add fd00:3::1/64 dev s1 nodad
                addr add 10.4.0.1/24 dev s1
                addr add fd00:4::1/64 dev s1 nodad
                """);
        lab.client().ip("""
                addr add 10.3.0.2/24 dev c1
                addr add fd00:3::2/64 dev c1 nodad
                addr add 10.4.0.2/24 dev c1
                addr add fd00:4::2/64 dev c1 nodad
                """);
        Rpcbind rpcbind = opened(SameHost.onLoopback(lab.proxy(), 111));
        for (String netid : List.of("udp", "tcp", "udp6", "tcp6")) {
            rpcbind.set(100_003, 3, netid, ServiceStub.NFS_PORT);
            rpcbind.set(100_005, 3, netid, ServiceStub.MOUNTD_PORT);
        }
        Running services = opened(lab.proxy().converse(Programs.labProgram(ServiceStub.class)));
        assertThat(services.process().inputReader().readLine()).isEqualTo("ready");
        rpcward = opened(Rpcward.start(lab.proxy(), POLICY));
        // It takes 12 seconds, whatever happens: they pass while the other tests run.
        broadcast = opened(lab.client().start(List.of("rpcinfo", "-b", "100005", "3")));
    }

    private Host.Finished ask(String command) {
        return lab.client().run(List.of(command.split(" ")), PATIENCE);
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1,      rpcinfo -p HOST,                    100005 3 tcp 20048 mountd",
        "192.0.2.1,      rpcinfo HOST,                       100005 3 tcp6 ::.78.80 mountd",
        "192.0.2.1,      rpcinfo -s HOST,                    '100005 3 tcp6,udp6,tcp,udp mountd'",
        "192.0.2.1,      rpcinfo -m HOST,                    RPCBIND (version 4) statistics",
        "192.0.2.1,      rpcinfo -l HOST 100005 3,           100005 3 inet/tcp/cots_ord 192.0.2.1.78.80",
        "192.0.2.1,      rpcinfo -t HOST 100005,             program 100005 version 3 ready and waiting",
        "192.0.2.1,      rpcinfo -u HOST 100003,             program 100003 version 3 ready and waiting",
        "192.0.2.1,      rpcinfo -T udp HOST 100005 3,       program 100005 version 3 ready and waiting",
        "192.0.2.1,      rpcinfo -T tcp HOST 100003 3,       program 100003 version 3 ready and waiting",
        "192.0.2.1,      showmount -e HOST,                  /srv/data 192.0.2.0/24",
        "2001:db8:a::1,  rpcinfo -p HOST,                    100005 3 tcp 20048 mountd",
        "2001:db8:a::1,  rpcinfo HOST,                       100005 3 tcp6 ::.78.80 mountd",
        "2001:db8:a::1,  rpcinfo -s HOST,                    '100003 3 tcp6,udp6,tcp,udp nfs'",
        "2001:db8:a::1,  rpcinfo -m HOST,                    RPCBIND (version 4) statistics",
        "2001:db8:a::1,  rpcinfo -l HOST 100005 3,           100005 3 inet6/tcp/cots_ord 2001:db8:a::1.78.80",
        "2001:db8:a::1,  rpcinfo -t HOST 100005,             program 100005 version 3 ready and waiting",
        "2001:db8:a::1,  rpcinfo -u HOST 100003,             program 100003 version 3 ready and waiting",
        "2001:db8:a::1,  rpcinfo -T udp6 HOST 100005 3,      program 100005 version 3 ready and waiting",
        "2001:db8:a::1,  rpcinfo -T tcp6 HOST 100003 3,      program 100003 version 3 ready and waiting",
        "2001:db8:a::1,  showmount -e HOST,                  /srv/data 192.0.2.0/24",
    })
    void aClientThatMayAskIsAnswered(String host, String command, String expected) {
        Host.Finished finished = ask(command.replace("HOST", host));

        assertThat(finished.status()).as(finished.all()).isZero();
        assertThat(squeezed(finished.output())).contains(expected);
        assertThat(finished.took()).isLessThan(SOON);
    }

    /** How wide columns are is not our business. */
    private static String squeezed(String text) {
        return text.replaceAll(" +", " ");
    }

    @ParameterizedTest
    @CsvSource({
        "rpcinfo -p HOST,               1, RPC: Program not registered",
        "rpcinfo HOST,                  0, No remote programs registered.",
        "rpcinfo -s HOST,               0, No remote programs registered.",
        "rpcinfo -m HOST,               1, RPC: Procedure unavailable",
        "rpcinfo -l HOST 100005 3,      0, No remote programs registered.",
        "rpcinfo -t HOST 100005,        1, RPC: Program not registered",
        "rpcinfo -u HOST 100003 3,      1, RPC: Program not registered",
        "rpcinfo -T NETID HOST 100005 3, 1, RPC: Program not registered",
        "showmount -e HOST,             1, RPC: Program not registered",
    })
    void aClientFromWhomAllIsHiddenFindsNothingAndSoon(String command, int status, String expected) {
        for (String host : List.of(Lab.PROXY_OTHER_V4, Lab.PROXY_OTHER_V6)) {
            assertToldNo(command, host, status, expected);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "rpcinfo -p HOST,                RPC: Authentication error",
        "rpcinfo HOST,                   Client credential too weak",
        "rpcinfo -s HOST,                Client credential too weak",
        "rpcinfo -m HOST,                Client credential too weak",
        "rpcinfo -l HOST 100005 3,       Client credential too weak",
        "rpcinfo -t HOST 100005,         RPC: Authentication error",
        "rpcinfo -u HOST 100003 3,       RPC: Authentication error",
        "rpcinfo -T NETID HOST 100005 3, RPC: Authentication error",
        "showmount -e HOST,              RPC: Authentication error",
    })
    void aClientThatIsRefusedIsToldSoAndSoon(String command, String expected) {
        for (String host : List.of(REFUSING_V4, REFUSING_V6)) {
            assertToldNo(command, host, 1, expected);
        }
    }

    /** Over UDP these clients wait a minute for what is dropped; that is theirs. */
    @ParameterizedTest
    @ValueSource(strings = {"rpcinfo -p HOST", "rpcinfo HOST", "rpcinfo -l HOST 100005 3", "rpcinfo -t HOST 100005"})
    void aStrangersConnectionEndsSoon(String command) {
        assertToldNo(command, SILENT_V4, 1, "RPC: Unable to receive");
    }

    private void assertToldNo(String command, String host, int status, String expected) {
        String asked =
                command.replace("NETID", host.contains(":") ? "udp6" : "udp").replace("HOST", host);
        Host.Finished finished = ask(asked);

        assertThat(finished.all()).as(asked).contains(expected);
        assertThat(finished.status()).as(asked).isEqualTo(status);
        assertThat(finished.took()).as(asked).isLessThan(SOON);
    }

    @Test
    void nmapKnowsThePortmapperAndListsItsProgramsAndExports() {
        String v4 = ask("nmap -Pn -n -p111 --script rpcinfo,nfs-showmount " + Lab.PROXY_V4)
                .output();
        String v6 = ask("nmap -6 -Pn -n -p111 --script rpcinfo,nfs-showmount " + Lab.PROXY_V6)
                .output();

        assertThat(List.of(v4, v6))
                .allSatisfy(said -> assertThat(said)
                        .contains("100005  3          20048/udp6  mountd", "100000  3,4          111/tcp6  rpcbind")
                        .contains("/srv/data 192.0.2.0/24"));
    }

    @Test
    void nmapFindsTheVersionsOfThePortmapper() {
        assertThat(ask("nmap -Pn -n -sV -p111 " + Lab.PROXY_V4).output())
                .containsPattern("111/tcp +open +rpcbind +2-4 \\(RPC #100000\\)");
    }

    @Test
    void nmapSeesAnOpenDatagramPortOnlyWhereItIsAnswered() {
        assertThat(ask("nmap -Pn -n -sU -p111 " + Lab.PROXY_V4).output()).containsPattern("111/udp +open +rpcbind");
        assertThat(ask("nmap -6 -Pn -n -sU -p111 " + Lab.PROXY_V6).output()).containsPattern("111/udp +open +rpcbind");
        assertThat(ask("nmap -Pn -n -sU -p111 " + SILENT_V4).output()).containsPattern("111/udp +open\\|filtered");
    }

    @Test
    void nmapListsNothingForWhomAllIsHiddenOrRefused() {
        for (String host : List.of(Lab.PROXY_OTHER_V4, REFUSING_V4, SILENT_V4)) {
            Host.Finished finished = ask("nmap -Pn -n -p111 --script rpcinfo,nfs-showmount " + host);

            assertThat(finished.output())
                    .as(host)
                    .contains("111/tcp open")
                    .doesNotContain("mountd", "/srv/data", "nfs ");
            assertThat(finished.took()).as(host).isLessThan(SOON);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {Lab.PROXY_V4, Lab.PROXY_V6})
    void anotherImplementationUnderstandsTheAnswers(String host) {
        String family = host.contains(":") ? "6" : "";
        List<String> said = lab.client()
                .run(Programs.testProgram(OncrpcClient.class, host), PATIENCE)
                .output()
                .lines()
                .toList();

        assertThat(said)
                .contains(
                        "udp" + family + " v4 ping true",
                        "udp" + family + " v4 nfs " + host + ".8.1",
                        "udp" + family + " any nfs " + host + ".8.1",
                        "tcp" + family + " v4 nfs " + host + ".8.1",
                        "tcp" + family + " v4 rows 18",
                        "tcp" + family + " v2 rows 10",
                        "tcp" + family + " any rows 18");
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void aBroadcastFindsNobody() {
        assertThat(broadcast.exit(PATIENCE)).isZero();
        assertThat(broadcast.output() + broadcast.diagnostics()).isEmpty();
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void rpcwardHasNothingToComplainOf() {
        assertThat(rpcward.diagnostics()).doesNotContain("Exception", "warning");
        assertThat(rpcward.log())
                .contains("\"rule\":\"nothing to see\"", "\"rule\":\"a clear no\"", "\"rule\":\"default\"");
    }
}

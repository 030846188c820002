package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where epoll, or the system calls that go with it, cannot be had, the same policy holds. */
@RequiresLab(programs = "rpcbind")
class NioIT {
    private static final int TCP = 6;
    private static final int NFS = 100_003;
    private static final int YPSERV = 100_004;

    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: [s0] } }
            backends: { legacy: { address: "10.111.0.2:111" } }
            groups: { clients: [10.20.0.0/16, "2001:db8:20::/48", 192.0.2.0/24, "2001:db8:a::/64"] }
            rules:
              - { name: nfs, from: clients, call: lookup, program: %s, then: allow }
              - { name: the rest, from: clients, call: lookup, then: hide }
            """;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-Dio.netty.transport.noNative=true",
                "-Djna.boot.library.path=/nowhere -Djna.nounpack=true -Djna.nosys=true"
            })
    void thePolicyHoldsWithoutEpoll(String without, @TempDir Path directory) {
        try (Lab lab = new Lab(directory);
                Caller caller = new Caller(lab.client());
                Rpcbind rpcbind = Rpcbind.start(lab.backend())) {
            rpcbind.set(NFS, 3, "tcp", 2049);
            rpcbind.set(YPSERV, 2, "tcp", 834);
            Map<String, String> environment =
                    Map.of("RPCWARD_JAVA_OPTS", Rpcward.ENVIRONMENT.get("RPCWARD_JAVA_OPTS") + " " + without);
            try (Rpcward rpcward = Rpcward.start(lab.proxy(), POLICY.formatted("nfs"), environment)) {
                assertThat(rpcward.diagnostics()).contains("NIO, because epoll is not to be had: ");
                rpcward.awaitLog("no filter and no lanes without epoll");

                for (String at : List.of(Lab.PROXY_V4, Lab.PROXY_V6)) {
                    assertThat(caller.udp(at, getPort(1, NFS, 3, TCP)).orFail()).isEqualTo(port(2049));
                    assertThat(caller.udp(at, getPort(1, YPSERV, 2, TCP)).orFail())
                            .isEqualTo(port(0));
                    assertThat(caller.tcp(at, Calls.record(getPort(1, NFS, 3, TCP)))
                                    .records())
                            .containsExactly(port(2049));
                }

                rpcward.writePolicy(POLICY.formatted("[nfs, ypserv]"));
                rpcward.process().signal("HUP");
                await().until(() -> !rpcward.events("reload").isEmpty());
                assertThat(caller.udp(Lab.PROXY_V4, getPort(1, YPSERV, 2, TCP)).orFail())
                        .isEqualTo(port(834));
                assertThat(rpcward.diagnostics()).doesNotContain("Exception", "\tat ");
            }
        }
    }

    private static byte[] port(int port) {
        return words(1, 1, 0, 0, 0, 0, port);
    }
}

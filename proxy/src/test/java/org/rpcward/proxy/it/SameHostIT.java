package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The ways in which rpcbind and rpcward share a host, each with a real rpcbind: services register as before, over
 * /run/rpcbind.sock, and clients find them at the address and port that they asked.
 */
@RequiresLab(programs = {"rpcbind", "rpcinfo", "systemd-socket-activate", "bash", "ss", "sed"})
class SameHostIT {
    /** A way to move rpcbind aside, and where rpcward finds it then. */
    private record Recipe(String name, Start start, String backend) {
        private interface Start {
            Rpcbind on(Host host);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Recipe> recipes() {
        return Stream.of(
                new Recipe("sockets for loopback alone", host -> SameHost.onLoopback(host, 111), "127.0.0.1:111"),
                new Recipe("sockets for loopback alone, by IPv6", host -> SameHost.onLoopback(host, 111), "[::1]:111"),
                new Recipe(
                        "sockets for loopback at a port of its own",
                        host -> SameHost.onLoopback(host, 10111),
                        "127.0.0.1:10111"),
                new Recipe(
                        "a port of its own from the services file",
                        host -> Rpcbind.start(host, new Rpcbind.Options().port(10111)),
                        "127.0.0.1:10111"),
                new Recipe("a network namespace of its own", SameHost::inItsOwnNetwork, "169.254.111.2:111"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("recipes")
    void servicesRegisterAsBeforeAndClientsFindThemWhereTheyAsked(Recipe recipe, @TempDir Path directory) {
        try (Lab lab = new Lab(directory);
                Rpcbind rpcbind = recipe.start().on(lab.proxy());
                Caller caller = new Caller(lab.client())) {
            assertThat(lab.proxy().shell("test -S /run/rpcbind.sock").status()).isZero();
            rpcbind.set(100_003, 3, "tcp", 2049);
            rpcbind.set(100_003, 3, "udp6", 2049);

            try (Rpcward rpcward = Rpcward.start(lab.proxy(), """
                    version: 1
                    listeners: { lan: { bind: external } }
                    backends: { legacy: { address: "%s" } }
                    rules:
                      - { name: all look up, from: any, call: lookup, then: allow }
                      - { name: all list, from: any, call: list, over: tcp, then: allow }
                    """.formatted(recipe.backend()))) {
                assertThat(rpcward.diagnostics()).contains(recipe.backend() + " answers, ");
                for (String host : List.of(Lab.PROXY_V4, Lab.PROXY_OTHER_V4)) {
                    assertThat(replyOf(caller, host, "tcp", 100_003)).isEqualTo(host + ".8.1");
                    assertThat(replyOf(caller, host, "tcp", Calls.PROGRAM)).isEqualTo(host + ".0.111");
                }
                for (String host : List.of(Lab.PROXY_V6, Lab.PROXY_OTHER_V6)) {
                    assertThat(replyOf(caller, host, "udp6", 100_003)).isEqualTo(host + ".8.1");
                    assertThat(replyOf(caller, host, "udp6", Calls.PROGRAM)).isEqualTo(host + ".0.111");
                }
                Host.Finished listed = lab.client().run(List.of("rpcinfo", "-p", Lab.PROXY_V4), Duration.ofSeconds(20));
                assertThat(listed.output()).contains("100003", "2049").doesNotContain("10111");
            }
        }
    }

    private static String replyOf(Caller caller, String host, String netid, int program) {
        byte[] call = Calls.call(7, 4, 3, Calls.rpcb(program, 3, netid, "", ""));
        byte[] reply = netid.startsWith("udp")
                ? caller.udp(host, call).orFail()
                : caller.tcp(host, Calls.record(call)).records().get(0);
        return new String(reply, 28, Calls.word(reply, 6), java.nio.charset.StandardCharsets.US_ASCII);
    }
}

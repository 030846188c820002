package org.rpcward.proxy.it;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;

/** The ways in which rpcbind and rpcward live on one host, as docs/same-host.md tells them. */
final class SameHost {
    private static final String SOCKETS_OF_RPCBIND = "ss -Hlntu 'sport = :%d'";

    private SameHost() {}

    /**
     * rpcbind at 127.0.0.1 and ::1 alone, with sockets that it is handed, as the drop-in for rpcbind.socket has it. One
     * systemd-socket-activate makes sockets of one kind and hands on those that it got itself: two of them make both.
     */
    static Rpcbind onLoopback(Host host, int port) {
        List<String> both = List.of(
                "systemd-socket-activate",
                "--datagram",
                "--listen=127.0.0.1:" + port,
                "--listen=[::1]:" + port,
                "systemd-socket-activate",
                "--listen=/run/rpcbind.sock",
                "--listen=127.0.0.1:" + port,
                "--listen=[::1]:" + port);
        Rpcbind rpcbind = Rpcbind.startLater(host, new Rpcbind.Options().activatedBy(both));
        try {
            await().alias("the sockets for rpcbind are there")
                    .atMost(Duration.ofSeconds(10))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> host.shell(SOCKETS_OF_RPCBIND.formatted(port))
                                    .output()
                                    .lines()
                                    .count()
                            == 2);
            // The first datagram starts it.
            host.run(List.of("bash", "-c", "echo >/dev/udp/127.0.0.1/" + port)).orFail();
            return rpcbind.awaitReady();
        } catch (RuntimeException | Error e) {
            rpcbind.close();
            throw e;
        }
    }

    /** rpcbind with its own network, and the host's /run: local sockets are files, and do not care for networks. */
    static Rpcbind inItsOwnNetwork(Host host) {
        host.shell("""
                        set -e
                        ip netns add rpcbind
                        ip link add rpcbind0 type veth peer name eth0 netns rpcbind
                        ip addr add 169.254.111.1/30 dev rpcbind0
                        ip link set rpcbind0 up
                        ip -n rpcbind addr add 169.254.111.2/30 dev eth0
                        ip -n rpcbind link set eth0 up
                        ip -n rpcbind link set lo up
                        """).orFail();
        return Rpcbind.start(host, new Rpcbind.Options().activatedBy(List.of("ip", "netns", "exec", "rpcbind")));
    }
}

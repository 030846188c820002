package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.util.internal.logging.InternalLoggerFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.proxy.admin.Operator;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.observe.EventLog;

class ProxyServerTest {
    private final InternalLoggerFactory loggers = InternalLoggerFactory.getDefaultFactory();
    private final EventLog log = new EventLog(new ByteArrayOutputStream(), new FakeClock());

    @AfterEach
    void giveNettyItsLogBack() {
        InternalLoggerFactory.setDefaultFactory(loggers);
    }

    @Test
    void aStartThatFailsLeavesNoThreadAndNoSocket() throws Exception {
        Set<Thread> before = threads();
        int port;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = freePort();
            Policy policy = Policies.load("""
                    version: 1
                    listeners: { lan: { bind: 127.0.0.1, port: %d, transports: [tcp] } }
                    backends: { legacy: { address: "127.0.0.1:1" } }
                    admin: { http: "127.0.0.1:%d", socket: off }
                    rules: [{ name: all, from: any, then: allow }]
                    """.formatted(port, taken.getLocalPort()));
            assertThatThrownBy(() -> ProxyServer.start(policy, log, "test.yaml", Operator.NONE))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("another process has it already");
        }

        await().untilAsserted(() -> {
            Set<Thread> left = threads();
            left.removeAll(before);
            assertThat(left).isEmpty();
        });
        new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("rpcward-"))
                .collect(Collectors.toSet());
    }
}

package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rpcward.policy.Policy;
import org.rpcward.proxy.admin.Operator;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.server.ProxyServer;

/** Limits with real sockets, from many addresses of the loopback network. */
class LimitsIT {
    private static final int NFS = 100_003;
    private static final int PATIENCE_MILLIS = 5_000;

    /** Long enough for a reply that would come to come. */
    private static final int QUIET_MILLIS = 300;

    private static final int SOURCES = 40_000;
    private static final int BATCH = 64;
    private static final String CLIENT = "127.200.0.1";

    private final int port = freePort();

    @ParameterizedTest
    @CsvSource({"drop, 0", "refuse, 20", "hide, 28"})
    void aClientOverItsLimitHearsWhatThePolicySays(String over, int bytes) throws Exception {
        ProxyServer server = start("{ rate: 1/h, burst: 5, per: source, over: " + over + " }", "127.0.0.0/8");
        try (DatagramSocket client = client("127.200.0.1");
                DatagramSocket other = client("127.200.0.2")) {
            for (int i = 0; i < 5; i++) {
                assertThat(port(ask(client, PATIENCE_MILLIS))).isEqualTo(2049);
            }
            for (int i = 0; i < 3; i++) {
                byte[] reply = ask(client, bytes == 0 ? QUIET_MILLIS : PATIENCE_MILLIS);
                assertThat(reply).hasSize(bytes);
                assertThat(port(reply)).isZero();
            }
            assertThat(port(ask(other, PATIENCE_MILLIS))).isEqualTo(2049);
        } finally {
            server.stop();
        }
    }

    @Test
    void whatIsUsedUpOverUdpIsThereOverTcp() throws Exception {
        ProxyServer server = start("{ rate: 1/h, burst: 5, per: source }", "127.0.0.0/8");
        try (DatagramSocket client = client(CLIENT);
                Socket stream = new Socket()) {
            for (int i = 0; i < 5; i++) {
                ask(client, PATIENCE_MILLIS);
            }
            assertThat(ask(client, QUIET_MILLIS)).isEmpty();
            stream.bind(new InetSocketAddress(CLIENT, 0));
            stream.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
            stream.setSoTimeout(PATIENCE_MILLIS);
            for (int i = 0; i < 5; i++) {
                stream.getOutputStream().write(Calls.record(Calls.getPort(i, NFS, 3, 6)));
                assertThat(stream.getInputStream().readNBytes(32)).hasSize(32);
            }
            stream.getOutputStream().write(Calls.record(Calls.getPort(9, NFS, 3, 6)));
            assertThat(stream.getInputStream().read()).isEqualTo(-1);
        } finally {
            server.stop();
        }
    }

    /** In step with the client, so that no queue overflows: what is lost is lost to the limit. */
    @ParameterizedTest
    @CsvSource({"127.0.0.0/8", "127.200.0.0/16"})
    void whoKeepsToItsLimitIsServedWhileManyOthersCall(String allowed) throws Exception {
        ProxyServer server = start("{ rate: 100000/s, burst: 1000, per: source }", allowed);
        try (DatagramSocket client = client(CLIENT)) {
            int answered = 0;
            int asked = 0;
            for (int from = 0; from < SOURCES; from += BATCH) {
                for (int i = from; i < from + BATCH; i++) {
                    twice(new byte[] {127, (byte) (1 + (i >>> 16)), (byte) (i >>> 8), (byte) i});
                }
                asked++;
                answered += port(ask(client, PATIENCE_MILLIS)) == 2049 ? 1 : 0;
            }
            assertThat(answered).isEqualTo(asked);
            LimitState state = server.limits().get(0);
            assertThat(state.exceeded()).isZero();
            assertThat(state.held()).isPositive().isLessThanOrEqualTo(state.capacity() / 2);
            if (allowed.equals("127.0.0.0/8")) {
                // Places are given away after a minute, which this may take.
                assertThat(state.refused() + state.replaced()).isGreaterThan(SOURCES / 4);
            } else {
                // Strangers are not charged at all: nothing could be said to them.
                assertThat(state.held()).isEqualTo(1);
            }
        } finally {
            server.stop();
        }
    }

    private ProxyServer start(String limit, String allowed) throws Exception {
        Policy policy = Policies.load("""
                version: 1
                listeners: { lan: { bind: 127.0.0.1, port: %d, workers: 1, backend: table } }
                backends: { table: { registry: [{ program: nfs, version: 3, netid: tcp, port: 2049 }] } }
                limits: { it: %s }
                rules:
                  - { name: look up, from: %s, call: lookup, then: allow, limit: it }
                """.formatted(port, limit, allowed));
        return ProxyServer.start(
                policy,
                new EventLog(OutputStream.nullOutputStream(), InstantSource.system()),
                "limits.yaml",
                Operator.NONE);
    }

    private DatagramSocket client(String address) throws IOException {
        DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address, 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return socket;
    }

    /** Asks once; no bytes for silence. */
    private static byte[] ask(DatagramSocket client, int patienceMillis) throws IOException {
        byte[] call = Calls.getPort(7, NFS, 3, 6);
        client.setSoTimeout(patienceMillis);
        client.send(new DatagramPacket(call, call.length));
        DatagramPacket reply = new DatagramPacket(new byte[100], 100);
        try {
            client.receive(reply);
            return java.util.Arrays.copyOf(reply.getData(), reply.getLength());
        } catch (SocketTimeoutException silence) {
            return new byte[0];
        }
    }

    private static int port(byte[] reply) {
        return reply.length < 28 ? 0 : Calls.word(reply, 6);
    }

    /** Two calls from an address that nobody called from before. */
    private void twice(byte[] address) throws IOException {
        ByteBuffer call = ByteBuffer.wrap(Calls.getPort(1, NFS, 3, 6));
        try (DatagramChannel channel = DatagramChannel.open()) {
            channel.bind(new InetSocketAddress(InetAddress.getByAddress(address), 0));
            channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.write(call.duplicate());
            channel.write(call.duplicate());
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}

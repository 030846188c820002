package org.rpcward.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What answers at the socket may be anything. */
class ControlClientTest {
    private static final String HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    @TempDir
    private Path directory;

    private ControlClient.Reply answered(String answer) throws Exception {
        Path socket = directory.resolve("socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            FutureTask<Integer> answering = new FutureTask<>(() -> {
                try (SocketChannel peer = server.accept()) {
                    peer.read(ByteBuffer.allocate(1000));
                    return peer.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
                }
            });
            new Thread(answering, "test-control-peer").start();
            try (ControlClient client = ControlClient.connect(socket)) {
                return client.ask("GET", "status", Map.of());
            } finally {
                answering.get();
            }
        }
    }

    @Test
    void takesChunksApart() throws Exception {
        assertThat(answered(HEAD + "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"))
                .isEqualTo(new ControlClient.Reply(200, "abc0123456789"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-5", "+5", "-0", "", " 5", "5 ", "80000000", "FFFFFFFF", "x", "0x5"})
    void aChunkOfNoSizeIsNoAnswer(String size) {
        assertThatThrownBy(() -> answered(HEAD + size + "\r\nabcde\r\n0\r\n\r\n"))
                .isInstanceOf(IOException.class)
                .hasMessage("what answers there is not rpcward");
    }
}

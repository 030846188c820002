package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.proxy.transport.TransportType;

/** What is told to the service manager and to the journal, which both listen at a path. */
class UnixDatagramsTest {
    private final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private EventLoopGroup loops;
    private Path path;
    private boolean shortOfDescriptors;

    @BeforeEach
    void listen(@TempDir Path directory) {
        assumeThat(TransportType.best()).isEqualTo(TransportType.EPOLL);
        loops = TransportType.EPOLL.eventLoops(1, "test-unix");
        path = directory.resolve("socket");
        new Bootstrap()
                .group(loops)
                .channel(EpollDomainDatagramChannel.class)
                .handler(new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, DomainDatagramPacket packet) {
                        heard.add(packet.content().toString(StandardCharsets.UTF_8));
                    }
                })
                .bind(new DomainSocketAddress(path.toString()))
                .syncUninterruptibly();
    }

    @AfterEach
    void end() {
        if (loops != null) {
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    private Channel socket() {
        if (shortOfDescriptors) {
            throw new ChannelException("too many open files");
        }
        return new EpollDomainDatagramChannel();
    }

    private void assertHeard(String datagram) throws InterruptedException {
        assertThat(heard.poll(5, TimeUnit.SECONDS)).isEqualTo(datagram);
    }

    @Test
    void theManagerIsNotToldWithoutADescriptorAndIsWhenThereIsOneAgain() throws InterruptedException {
        Map<String, String> environment = Map.of("NOTIFY_SOCKET", path.toString(), "WATCHDOG_USEC", "1000000");
        Notifier notifier = Notifier.of(environment, TransportType.EPOLL, loops, this::socket);
        shortOfDescriptors = true;
        notifier.alive();
        notifier.ready();

        shortOfDescriptors = false;
        notifier.alive();
        assertHeard("WATCHDOG=1");
        notifier.ready();
        assertHeard("READY=1");
    }

    @Test
    void theJournalCannotBeOpenedWithoutADescriptor() throws Exception {
        shortOfDescriptors = true;
        assertThatThrownBy(() -> JournalSocket.open(path, this::socket))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too many open files");

        shortOfDescriptors = false;
        try (JournalSocket journal = JournalSocket.open(path, this::socket)) {
            journal.send("MESSAGE=x".getBytes(StandardCharsets.US_ASCII));
            assertHeard("MESSAGE=x");
        }
    }

    @Test
    void aJournalThatIsNotThereCannotBeOpened() {
        assertThatThrownBy(() -> JournalSocket.open(path.resolveSibling("other"), this::socket))
                .isInstanceOf(IOException.class);
    }
}

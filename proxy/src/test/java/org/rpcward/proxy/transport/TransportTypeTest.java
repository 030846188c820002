package org.rpcward.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransportTypeTest {
    private static final int SEND_BUFFER = 64 << 10;

    /** The kernel doubles what it is told, for its own bookkeeping. */
    private static final int AS_KEPT = 2 * SEND_BUFFER;

    @ParameterizedTest
    @EnumSource
    void aConnectionKeepsNoMoreForItsPeerThanWasSaidAndSendsAtOnce(TransportType transport) throws Exception {
        EventLoopGroup loops = transport.eventLoops(1, "test");
        CompletableFuture<Channel> accepted = new CompletableFuture<>();
        ServerBootstrap bootstrap = new ServerBootstrap().group(loops).childHandler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new ChannelInboundHandlerAdapter());
                accepted.complete(channel);
            }
        });
        transport.listen(bootstrap, true, SEND_BUFFER);
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        Channel listening = bootstrap
                .bind(new InetSocketAddress(loopback, 0))
                .syncUninterruptibly()
                .channel();
        int port = ((InetSocketAddress) listening.localAddress()).getPort();
        try (Socket client = new Socket(loopback, port)) {
            Channel channel = accepted.get(10, TimeUnit.SECONDS);

            assertThat(client.isConnected()).isTrue();
            assertThat(channel.config().getOption(ChannelOption.SO_SNDBUF)).isBetween(SEND_BUFFER, AS_KEPT);
            assertThat(channel.config().getOption(ChannelOption.TCP_NODELAY)).isTrue();
        } finally {
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}

package org.rpcward.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EpollHandlerTest {
    /** More than any kernel takes at once. */
    private static final int LONG = 16 << 20;

    private final EventLoopGroup loops = TransportType.best().eventLoops(1, "halves");

    @AfterEach
    void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Answers its peer, which has said its last, when another one comes: by then epoll has found nothing more to read. */
    private static final class Late extends ChannelInboundHandlerAdapter {
        private final AtomicReference<ChannelHandlerContext> waiting;
        private final CountDownLatch waits;

        Late(AtomicReference<ChannelHandlerContext> waiting, CountDownLatch waits) {
            this.waiting = waiting;
            this.waits = waits;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            ChannelHandlerContext first = waiting.get();
            if (first != null) {
                first.writeAndFlush(Unpooled.wrappedBuffer(new byte[LONG])).addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ChannelInputShutdownReadComplete.INSTANCE) {
                waiting.compareAndSet(null, context);
                waits.countDown();
            }
        }
    }

    @Test
    void whoHasSaidItsLastGetsAllOfALongReply() throws Exception {
        AtomicReference<ChannelHandlerContext> waiting = new AtomicReference<>();
        CountDownLatch waits = new CountDownLatch(1);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Late(waiting, waits));
                    }
                });
        TransportType.best().listen(bootstrap, true, 64 << 10);
        Channel listener = bootstrap
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync()
                .channel();
        try (Socket peer = new Socket();
                Socket other = new Socket()) {
            peer.connect(listener.localAddress());
            peer.setSoTimeout(20_000);
            peer.shutdownOutput();
            assertThat(waits.await(20, TimeUnit.SECONDS)).isTrue();
            other.connect(listener.localAddress());

            assertThat(peer.getInputStream().readAllBytes()).hasSize(LONG);
        }
    }
}

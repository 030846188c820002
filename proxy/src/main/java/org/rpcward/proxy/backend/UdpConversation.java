package org.rpcward.proxy.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.backend.PendingCalls.Pending;
import org.rpcward.proxy.rpcbind.BackendReply;

/**
 * Questions to a backend over UDP, from a connected socket at a port of the kernel's choice, so that only the backend's
 * own datagrams arrive. A call is sent a second time when half of its time has gone.
 */
final class UdpConversation {
    private static final int MAX_IN_FLIGHT = 1024;

    /** The longest reply that rpcbind sends over UDP has about 9,000 bytes. */
    private static final int MAX_REPLY = 9216;

    private static final int CALL_BYTES = 128;
    private static final int MAX_TOGETHER = 64;

    private final InetSocketAddress backend;
    private final ChannelFactory<? extends Channel> sockets;
    private final EventLoop loop;
    private final PendingCalls pending;
    private final EqualDelays<Pending> repeats;
    private @Nullable Channel socket;

    UdpConversation(
            InetSocketAddress backend, Duration timeout, ChannelFactory<? extends Channel> sockets, EventLoop loop) {
        this.backend = backend;
        this.sockets = sockets;
        this.loop = loop;
        this.pending = new PendingCalls(loop, timeout, MAX_IN_FLIGHT);
        this.repeats = new EqualDelays<>(loop, timeout.dividedBy(2), MAX_IN_FLIGHT, Pending::isOver, this::send);
    }

    void ask(BackendCall<?> call) {
        Pending waiting = pending.add(call, late -> late.call.fail(BackendResult.Status.TIMEOUT));
        if (waiting == null) {
            call.fail(BackendResult.Status.OVERLOADED);
            return;
        }
        repeats.add(waiting);
        send(waiting);
    }

    private void send(Pending waiting) {
        if (socket == null) {
            open();
        }
        Channel open = socket;
        if (open != null && open.isActive()) {
            ByteBuf message = open.alloc().buffer(CALL_BYTES);
            waiting.call.write(message, waiting.xid);
            open.writeAndFlush(message);
            pending.sent(waiting);
        }
        // Otherwise it is sent when the socket is there.
    }

    private void open() {
        ChannelFuture opening = new Bootstrap()
                .group(loop)
                .channelFactory(sockets)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_REPLY))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                // Questions that are asked in one go leave with one system call.
                                .addLast("flushes", new FlushConsolidationHandler(MAX_TOGETHER, true))
                                .addLast("replies", new Replies());
                    }
                })
                .connect(backend);
        if (!opening.channel().isRegistered()) {
            // No descriptor is left: there is no channel to close, and the future would tell on a thread of Netty's.
            loop.execute(() -> pending.failAll(BackendResult.Status.UNREACHABLE));
            return;
        }
        socket = opening.channel();
        opening.addListener(done -> {
            if (!done.isSuccess()) {
                close();
            }
        });
    }

    void close() {
        Channel open = socket;
        socket = null;
        if (open != null) {
            open.close();
        }
        repeats.clear();
        pending.failAll(BackendResult.Status.UNREACHABLE);
    }

    private final class Replies extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            pending.all().forEach(UdpConversation.this::send);
        }

        /** Closed from below: what waits here would wait for good. */
        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (context.channel() == socket) {
                close();
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            ByteBuf message = packet.content();
            Pending waiting = BackendReply.xid(message).map(pending::take).orElse(null);
            // A late reply, or a forged one: nobody waits for it.
            if (waiting != null) {
                repeats.tidy();
                complete(waiting.call, message);
            }
        }

        private <T> void complete(BackendCall<T> call, ByteBuf message) {
            call.complete(call.read(message));
        }

        /** The kernel tells of an ICMP "port unreachable" here: nobody listens. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            pending.failAll(
                    cause instanceof PortUnreachableException
                            ? BackendResult.Status.REFUSED
                            : BackendResult.Status.UNREACHABLE);
        }
    }
}

package org.rpcward.proxy.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.transport.TransportType;

/** Tells the service manager how rpcward does, as sd_notify(3) describes it. Does nothing where nobody asked for it. */
final class Notifier {
    private final @Nullable String socket;
    private final EventLoopGroup loops;

    private Notifier(@Nullable String socket, EventLoopGroup loops) {
        this.socket = socket;
        this.loops = loops;
    }

    /** @param socket the value of NOTIFY_SOCKET, or null */
    static Notifier of(@Nullable String socket, TransportType transport, EventLoopGroup loops) {
        if (socket == null || socket.length() < 2 || transport != TransportType.EPOLL) {
            return new Notifier(null, loops);
        }
        // A leading @ stands for the zero byte of an abstract name.
        return new Notifier(socket.charAt(0) == '@' ? "\0" + socket.substring(1) : socket, loops);
    }

    void ready() {
        send("READY=1");
    }

    void reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=" + TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
    }

    void stopping() {
        send("STOPPING=1");
    }

    /** Waits until it is sent: the manager counts on the order. */
    private void send(String state) {
        if (socket == null) {
            return;
        }
        ChannelFuture connected = new Bootstrap()
                .group(loops)
                .channel(EpollDomainDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(new DomainSocketAddress(socket))
                .awaitUninterruptibly();
        Channel channel = connected.channel();
        if (connected.isSuccess()) {
            channel.writeAndFlush(ByteBufUtil.writeUtf8(channel.alloc(), state)).awaitUninterruptibly();
        }
        channel.close().awaitUninterruptibly();
    }
}

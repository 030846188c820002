package org.rpcward.proxy.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.transport.TransportType;

/** Tells the service manager how rpcward does, as sd_notify(3) describes it. Does nothing where nobody asked for it. */
final class Notifier {
    private final @Nullable String socket;
    private final boolean watchedOver;
    private final EventLoopGroup loops;
    private final ChannelFactory<? extends Channel> sockets;

    private Notifier(
            @Nullable String socket,
            boolean watchedOver,
            EventLoopGroup loops,
            ChannelFactory<? extends Channel> sockets) {
        this.socket = socket;
        this.watchedOver = watchedOver;
        this.loops = loops;
        this.sockets = sockets;
    }

    /** @param environment of this process, in which the manager says what it wants */
    static Notifier of(Map<String, String> environment, TransportType transport, EventLoopGroup loops) {
        return of(environment, transport, loops, EpollDomainDatagramChannel::new);
    }

    static Notifier of(
            Map<String, String> environment,
            TransportType transport,
            EventLoopGroup loops,
            ChannelFactory<? extends Channel> sockets) {
        String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (socket.length() < 2 || transport != TransportType.EPOLL) {
            return new Notifier(null, false, loops, sockets);
        }
        String pid = environment.getOrDefault("WATCHDOG_PID", "");
        boolean ours = pid.isEmpty()
                || pid.equals(Long.toString(ProcessHandle.current().pid()));
        boolean watchedOver =
                ours && environment.getOrDefault("WATCHDOG_USEC", "").matches("0*[1-9][0-9]*");
        // A leading @ stands for the zero byte of an abstract name.
        String address = socket.charAt(0) == '@' ? "\0" + socket.substring(1) : socket;
        return new Notifier(address, watchedOver, loops, sockets);
    }

    /** Whether the manager wants to hear regularly that all is well, and ends the process when it does not. */
    boolean isWatchedOver() {
        return watchedOver;
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

    /** All is well. Does not wait. */
    void alive() {
        connect().addListener((ChannelFuture connected) -> {
            if (connected.isSuccess()) {
                write(connected.channel(), "WATCHDOG=1").addListener(ChannelFutureListener.CLOSE);
            }
        });
    }

    /** Waits until it is sent: the manager counts on the order. */
    private void send(String state) {
        if (socket == null) {
            return;
        }
        ChannelFuture connected = connect().awaitUninterruptibly();
        // Else Netty has closed the socket, if there ever was one.
        if (connected.isSuccess()) {
            write(connected.channel(), state).awaitUninterruptibly();
            connected.channel().close().awaitUninterruptibly();
        }
    }

    private ChannelFuture connect() {
        return new Bootstrap()
                .group(loops)
                .channelFactory(sockets)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(new DomainSocketAddress(Objects.requireNonNull(socket)));
    }

    private static ChannelFuture write(Channel channel, String state) {
        return channel.writeAndFlush(ByteBufUtil.writeUtf8(channel.alloc(), state));
    }
}

package org.rpcward.proxy.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rpcward.proxy.observe.Journal;
import org.rpcward.proxy.transport.TransportType;

/** The socket at which systemd-journald takes entries. */
public final class JournalSocket implements Journal {
    private static final Path PATH = Path.of("/run/systemd/journal/socket");

    private final EventLoopGroup loop;
    private final Channel channel;

    private JournalSocket(EventLoopGroup loop, Channel channel) {
        this.loop = loop;
        this.channel = channel;
    }

    /**
     * Opens a way to it.
     *
     * @throws IOException when no journald listens here, or this Java has no such sockets
     */
    public static Journal open() throws IOException {
        if (TransportType.best() != TransportType.EPOLL) {
            throw new IOException("no UNIX datagrams without epoll: " + TransportType.whyNotEpoll());
        }
        if (!Files.exists(PATH)) {
            throw new IOException("this host has no journal at " + PATH);
        }
        return open(PATH, EpollDomainDatagramChannel::new);
    }

    static JournalSocket open(Path path, ChannelFactory<? extends Channel> sockets) throws IOException {
        EventLoopGroup loop;
        try {
            loop = TransportType.EPOLL.eventLoops(1, "rpcward-journal");
        } catch (IllegalStateException e) {
            // A loop needs descriptors of its own.
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
        ChannelFuture connected = new Bootstrap()
                .group(loop)
                .channelFactory(sockets)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(new DomainSocketAddress(path.toString()))
                .awaitUninterruptibly();
        if (!connected.isSuccess()) {
            // Netty has closed the socket, if there ever was one.
            loop.shutdownGracefully();
            throw new IOException(String.valueOf(connected.cause().getMessage()), connected.cause());
        }
        return new JournalSocket(loop, connected.channel());
    }

    @Override
    public void send(byte[] datagram) throws IOException {
        ChannelFuture sent =
                channel.writeAndFlush(Unpooled.wrappedBuffer(datagram)).awaitUninterruptibly();
        if (!sent.isSuccess()) {
            throw new IOException(String.valueOf(sent.cause().getMessage()), sent.cause());
        }
    }

    @Override
    public void close() {
        channel.close().awaitUninterruptibly();
        loop.shutdownGracefully();
    }
}

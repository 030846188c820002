package org.rpcward.proxy.transport;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Netty's transports that rpcward runs on, decided once at the start. */
public enum TransportType {
    EPOLL {
        @Override
        IoHandlerFactory ioHandlers() {
            return EpollHandler.newFactory();
        }

        @Override
        public DatagramChannel datagramChannel(boolean v4) {
            return new EpollDatagramChannel(family(v4));
        }

        @Override
        public ServerSocketChannel serverChannel(boolean v4) {
            return new EpollServerSocketChannel(family(v4));
        }

        @Override
        public SocketChannel socketChannel() {
            return new EpollSocketChannel();
        }

        @Override
        public ServerChannel unixServerChannel() {
            return new EpollServerDomainSocketChannel();
        }

        @Override
        public SocketAddress unixAddress(Path path) {
            return new DomainSocketAddress(path.toString());
        }

        @Override
        public boolean sharesPorts() {
            return true;
        }

        @Override
        public void listen(ServerBootstrap bootstrap, boolean v4, int sendBuffer) {
            bootstrap
                    .channelFactory(() -> withSendBuffer(new EpollServerSocketChannel(family(v4)), sendBuffer))
                    .option(EpollChannelOption.SO_REUSEPORT, true);
        }

        /** Connections inherit it from the socket that listens, and need not be told one by one. */
        private ServerSocketChannel withSendBuffer(EpollServerSocketChannel channel, int bytes) {
            try {
                ((Socket) channel.fd()).setSendBufferSize(bytes);
                return channel;
            } catch (IOException e) {
                channel.unsafe().closeForcibly();
                throw new ChannelException(e);
            }
        }
    },
    NIO {
        @Override
        IoHandlerFactory ioHandlers() {
            return NioIoHandler.newFactory();
        }

        @Override
        public DatagramChannel datagramChannel(boolean v4) {
            return new NioDatagramChannel(family(v4));
        }

        @Override
        public ServerSocketChannel serverChannel(boolean v4) {
            return new NioServerSocketChannel();
        }

        @Override
        public SocketChannel socketChannel() {
            return new NioSocketChannel();
        }

        @Override
        public ServerChannel unixServerChannel() {
            return new NioServerDomainSocketChannel();
        }

        @Override
        public SocketAddress unixAddress(Path path) {
            return UnixDomainSocketAddress.of(path);
        }

        @Override
        public boolean sharesPorts() {
            return false;
        }

        @Override
        public void listen(ServerBootstrap bootstrap, boolean v4, int sendBuffer) {
            bootstrap.channelFactory(() -> serverChannel(v4)).childOption(ChannelOption.SO_SNDBUF, sendBuffer);
        }
    };

    /** Epoll where the kernel and the machine have it, and the system calls that go with it. */
    public static TransportType best() {
        return whyNotEpoll() == null ? EPOLL : NIO;
    }

    /** Why epoll is not used, or null. */
    public static @Nullable String whyNotEpoll() {
        Throwable cause = Epoll.unavailabilityCause();
        return cause == null ? SystemCalls.whyNot() : String.valueOf(cause.getMessage());
    }

    private static SocketProtocolFamily family(boolean v4) {
        return v4 ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
    }

    abstract IoHandlerFactory ioHandlers();

    /** Event loops of this transport. */
    public EventLoopGroup eventLoops(int count, String threadName) {
        return new MultiThreadIoEventLoopGroup(
                count, new io.netty.util.concurrent.DefaultThreadFactory(threadName, true), ioHandlers());
    }

    /** A datagram socket of one family: an IPv6 one does not take IPv4. */
    public abstract DatagramChannel datagramChannel(boolean v4);

    public abstract ServerSocketChannel serverChannel(boolean v4);

    public abstract SocketChannel socketChannel();

    /** A UNIX socket that listens. */
    public abstract ServerChannel unixServerChannel();

    /** Where to bind it. */
    public abstract SocketAddress unixAddress(Path path);

    /** Whether several sockets can be bound to one address and port, so that the kernel spreads the load. */
    public abstract boolean sharesPorts();

    /**
     * Makes a bootstrap's listening sockets of this transport; they share their port where they can.
     *
     * @param sendBuffer bytes that the kernel keeps for the peer of a connection
     */
    public abstract void listen(ServerBootstrap bootstrap, boolean v4, int sendBuffer);
}

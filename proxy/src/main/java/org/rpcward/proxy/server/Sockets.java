package org.rpcward.proxy.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.frontend.ConnectionLimiter;
import org.rpcward.proxy.frontend.DatagramFrontend;
import org.rpcward.proxy.frontend.DeadlineWheels;
import org.rpcward.proxy.frontend.ListeningPoint;
import org.rpcward.proxy.frontend.LocalAddress;
import org.rpcward.proxy.frontend.StreamFrontend;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.service.Serving;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.RecordDecoder;
import org.rpcward.proxy.transport.TransportType;

/**
 * The sockets that listen. For each address and transport of a listener there are as many as it has workers, each on an
 * event loop of its own, and the kernel spreads the load over them.
 */
final class Sockets {
    /** Datagrams received with one system call. */
    private static final int DATAGRAMS_PER_READ = 32;

    /** Room for a burst; the kernel gives as much of it as net.core.rmem_max allows. */
    private static final int DATAGRAM_BUFFER = 4 << 20;

    /** One read from a connection brings at most so much: a few hundred of the smallest calls. */
    private static final int STREAM_READ = 8192;

    /** A batch of replies fits; more than that waiting means that the kernel takes none. */
    private static final WriteBufferWaterMark DATAGRAM_WRITES = new WriteBufferWaterMark(32 << 10, 128 << 10);

    /** What the kernel keeps for a peer that does not read: without a bound it would be megabytes. */
    private static final int STREAM_SEND_BUFFER = 64 << 10;

    private static final WriteBufferWaterMark STREAM_WRITES = new WriteBufferWaterMark(16 << 10, 64 << 10);

    private static final int BACKLOG = 1024;

    private final TransportType transport;
    private final EventLoopGroup loops;
    private final PortmapService service;
    private final OwnConnections own;
    private final Consumer<String> failures;
    private final Map<Key, Open> open = new LinkedHashMap<>();
    private final ConnectionLimiter limiter;
    private final DeadlineWheels wheels = new DeadlineWheels();
    private volatile Map<String, List<String>> addresses = Map.of();
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

    /** What sockets are told apart by. */
    record Key(InetSocketAddress address, Transport transport) {}

    /** What is wanted of the sockets at one address. */
    record Wanted(LocalAddress local, int workers) {}

    private record Open(ListeningPoint point, List<Channel> channels) {}

    /** @param failures is told, in one line, what goes wrong with listening; must not block */
    Sockets(
            TransportType transport,
            EventLoopGroup loops,
            PortmapService service,
            OwnConnections own,
            ConnectionLimiter limiter,
            Consumer<String> failures) {
        this.limiter = limiter;
        this.failures = failures;
        this.transport = transport;
        this.loops = loops;
        this.service = service;
        this.own = own;
    }

    /** The sockets that these listeners want. */
    Map<Key, Wanted> wanted(Iterable<ListenerPolicy> listeners, int cores) throws StartException {
        BindAddresses addresses = BindAddresses.ofThisHost();
        Map<Key, Wanted> wanted = new LinkedHashMap<>();
        for (ListenerPolicy listener : listeners) {
            int workers = !transport.sharesPorts() ? 1 : listener.workers() == 0 ? cores : listener.workers();
            for (LocalAddress local : addresses.of(listener)) {
                for (Transport t : Transport.values()) {
                    if (listener.transports().contains(t)) {
                        Wanted other = wanted.put(new Key(local.socketAddress(), t), new Wanted(local, workers));
                        if (other != null) {
                            throw new StartException(listener.place() + ": listener '" + listener.name()
                                    + "' and listener '" + other.local().listener() + "' both want " + t.word() + " "
                                    + local.address());
                        }
                    }
                }
            }
        }
        return wanted;
    }

    /**
     * Binds those of the wanted sockets that are not there yet.
     *
     * @throws StartException when one cannot be bound; none is then
     */
    void open(Map<Key, Wanted> wanted) throws StartException {
        List<Runnable> undo = new ArrayList<>();
        try {
            for (Map.Entry<Key, Wanted> entry : wanted.entrySet()) {
                Key key = entry.getKey();
                Open there = open.get(key);
                if (there == null) {
                    requireFree(key, entry.getValue());
                    there = new Open(new ListeningPoint(entry.getValue().local()), new ArrayList<>());
                    open.put(key, there);
                    undo.add(() -> open.remove(key));
                }
                List<Channel> channels = there.channels();
                while (channels.size() < entry.getValue().workers()) {
                    Channel channel = bind(key, there.point());
                    channels.add(channel);
                    undo.add(() -> {
                        channels.remove(channel);
                        channel.close().syncUninterruptibly();
                    });
                }
            }
            addresses = openAddresses();
        } catch (StartException e) {
            undo.forEach(Runnable::run);
            throw e;
        }
    }

    /** Takes over what is wanted now, and closes what is not. Connections that came by closed sockets stay. */
    void settle(Map<Key, Wanted> wanted) {
        Set<String> listeners = new HashSet<>();
        wanted.values().forEach(w -> listeners.add(w.local().listener()));
        limiter.retain(listeners);
        for (Key key : List.copyOf(open.keySet())) {
            Wanted here = wanted.get(key);
            List<Channel> channels = Objects.requireNonNull(open.get(key)).channels();
            int left = here == null ? 0 : here.workers();
            while (channels.size() > left) {
                channels.remove(channels.size() - 1).close().syncUninterruptibly();
            }
            if (here == null) {
                open.remove(key);
            } else {
                Objects.requireNonNull(open.get(key)).point().replace(here.local());
            }
        }
        addresses = openAddresses();
    }

    /** What is open, by listener: transport, address and port. Callable from everywhere. */
    Map<String, List<String>> addresses() {
        return addresses;
    }

    private Map<String, List<String>> openAddresses() {
        Map<String, List<String>> byListener = new HashMap<>();
        open.forEach((key, there) -> {
            LocalAddress local = there.point().local();
            String host = local.address().toString();
            byListener
                    .computeIfAbsent(local.listener(), l -> new ArrayList<>())
                    .add(key.transport().word() + " " + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":"
                            + key.address().getPort());
        });
        byListener.replaceAll((listener, at) -> List.copyOf(at));
        return Map.copyOf(byListener);
    }

    /** The connections that are open now. */
    ChannelGroup connections() {
        return connections;
    }

    /** SO_REUSEPORT would let two proxies of one user share a port and lose half of the calls each, silently. */
    private static void requireFree(Key key, Wanted wanted) throws StartException {
        InetSocketAddress at = key.address();
        try {
            if (key.transport() == Transport.UDP) {
                new DatagramSocket(at).close();
            } else {
                try (ServerSocket probe = new ServerSocket()) {
                    probe.setReuseAddress(true);
                    probe.bind(at);
                }
            }
        } catch (IOException e) {
            throw new StartException(BindHelp.explain(wanted.local().listener(), at, key.transport(), e));
        }
    }

    private Channel bind(Key key, ListeningPoint point) throws StartException {
        EventLoop loop = loops.next();
        ChannelFuture binding =
                key.transport() == Transport.UDP ? bindUdp(key, point, loop) : bindTcp(key, point, loop);
        binding.awaitUninterruptibly();
        Throwable cause = binding.cause();
        if (cause != null) {
            throw new StartException(BindHelp.explain(point.local().listener(), key.address(), key.transport(), cause));
        }
        return binding.channel();
    }

    private ChannelFuture bindUdp(Key key, ListeningPoint point, EventLoop loop) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channelFactory(() -> transport.datagramChannel(isV4(key)))
                .option(ChannelOption.SO_RCVBUF, DATAGRAM_BUFFER)
                .option(ChannelOption.SO_SNDBUF, DATAGRAM_BUFFER)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, DATAGRAM_WRITES)
                .option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(
                                transport.sharesPorts()
                                        ? DatagramFrontend.MAX_DATAGRAM * DATAGRAMS_PER_READ
                                        : DatagramFrontend.MAX_DATAGRAM))
                .handler(new DatagramFrontend(service, point));
        transport.receiveBatches(bootstrap, DatagramFrontend.MAX_DATAGRAM);
        if (transport.sharesPorts()) {
            transport.sharePort(bootstrap);
        }
        return bootstrap.bind(key.address());
    }

    private ChannelFuture bindTcp(Key key, ListeningPoint point, EventLoop loop) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop, loop)
                .channelFactory(() -> transport.serverChannel(isV4(key)))
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_SNDBUF, STREAM_SEND_BUFFER)
                .handler(new Doorkeeper(point))
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(256, 1024, STREAM_READ).maxMessagesPerRead(1))
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, STREAM_WRITES)
                .childHandler(new Nothing());
        if (transport.sharesPorts()) {
            transport.sharePort(bootstrap);
        }
        return bootstrap.bind(key.address());
    }

    /**
     * The door of a listening socket. Who is turned away is reset at once, before anything is made for the connection,
     * so that neither this process nor the kernel keeps anything of it.
     */
    private final class Doorkeeper extends ChannelInboundHandlerAdapter {
        private final ListeningPoint point;

        Doorkeeper(ListeningPoint point) {
            this.point = point;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Channel child = (Channel) message;
            if (letIn(child)) {
                context.fireChannelRead(child);
            } else {
                StreamFrontend.resetOnClose(child);
                child.unsafe().closeForcibly();
            }
        }

        private boolean letIn(Channel child) {
            Serving serving = service.current();
            String name = point.local().listener();
            ListenerPolicy listener = serving.listenerPolicy(name);
            if (listener == null || !(child.remoteAddress() instanceof InetSocketAddress peer)) {
                return false;
            }
            ListenerPolicy.Tcp limits = listener.tcp();
            IpAddress source = IpAddress.of(peer.getAddress().getAddress());
            if (!service.welcomes(source)) {
                return false;
            }
            ConnectionLimiter.Seat seat =
                    limiter.enter(name, limits, source, serving.policy().rules().isNamed(source));
            if (seat == null) {
                return false;
            }
            RecordDecoder records = new RecordDecoder(limits.maxRecord(), RecordDecoder.MAX_CALL_FRAGMENTS);
            StreamFrontend calls = new StreamFrontend(service, point, limits, seat, records, wheels, own);
            child.closeFuture().addListener(closed -> calls.leave());
            child.pipeline().addLast("records", records).addLast("calls", calls);
            connections.add(child);
            return true;
        }

        /** Most often for want of descriptors: Netty pauses and tries again. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failures.accept("a connection cannot be accepted: " + cause.getMessage());
        }
    }

    /** All that a connection needs was given to it at the door; Netty wants something to do here. */
    private static final class Nothing extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            // See Doorkeeper.
        }
    }

    /** How many connections are open, by listener. */
    Map<String, Integer> connectionsByListener() {
        return limiter.openByListener();
    }

    private static boolean isV4(Key key) {
        return key.address().getAddress() instanceof Inet4Address;
    }

    /** Whether a backend at this address would be rpcward itself. */
    static boolean reaches(Set<Key> sockets, BackendPolicy.Endpoint endpoint) {
        return sockets.stream()
                .anyMatch(k -> k.address().getPort() == endpoint.port()
                        && IpAddress.of(k.address().getAddress().getAddress()).equals(endpoint.address()));
    }
}

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
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.frontend.ConnectionLimiter;
import org.rpcward.proxy.frontend.DatagramChannelFrontend;
import org.rpcward.proxy.frontend.DatagramFrontend;
import org.rpcward.proxy.frontend.DeadlineWheels;
import org.rpcward.proxy.frontend.ListeningPoint;
import org.rpcward.proxy.frontend.LocalAddress;
import org.rpcward.proxy.frontend.StreamFrontend;
import org.rpcward.proxy.kernel.Lanes;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.service.Serving;
import org.rpcward.proxy.transport.DatagramBatch;
import org.rpcward.proxy.transport.DatagramPort;
import org.rpcward.proxy.transport.OpenSocket;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.RecordDecoder;
import org.rpcward.proxy.transport.TransportType;

/**
 * The sockets that listen. Each worker of a listener has, on an event loop of its own, one for each TCP address, over which
 * the kernel spreads the load, and several for each UDP address: {@link Lanes}.
 */
final class Sockets {
    /** Room for a burst; the kernel gives as much of it as net.core.rmem_max allows. */
    private static final int DATAGRAM_BUFFER = 2 << 20;

    /** Room for a burst of those who have many sockets, and less claim. */
    private static final int OTHERS_BUFFER = 512 << 10;

    private static final int SEND_BUFFER = 4 << 20;

    /** How long a connection waits that cannot be accepted now. */
    private static final int ACCEPT_PAUSE_SECONDS = 1;

    /**
     * One read from a connection brings at most so much, some 50 of the smallest calls, and then others have their turn:
     * whoever sends a million pays for it with more reads, not the others with waiting.
     */
    private static final int STREAM_READ = 2048;

    /** A batch of replies fits; more than that waiting means that the kernel takes none. */
    private static final WriteBufferWaterMark DATAGRAM_WRITES = new WriteBufferWaterMark(32 << 10, 128 << 10);

    /** What the kernel keeps for a peer that does not read: without a bound it would be megabytes. */
    private static final int STREAM_SEND_BUFFER = 64 << 10;

    private static final WriteBufferWaterMark STREAM_WRITES = new WriteBufferWaterMark(16 << 10, 64 << 10);

    private static final int BACKLOG = 1024;

    private final TransportType transport;
    private final PortmapService service;
    private final OwnConnections own;
    private final Consumer<String> failures;
    private final List<EventLoop> workers = new ArrayList<>();

    /** Of each event loop that reads datagrams. Guarded by this. */
    private final Map<EventLoop, DatagramBatch> batches = new HashMap<>();

    private int nextLoop;
    /** Guarded by this, with what is in it. */
    private final Map<Key, Open> open = new LinkedHashMap<>();

    private final ConnectionLimiter limiter;
    private final Overload overload;
    private final KernelKeeper kernel;
    private final DeadlineWheels wheels = new DeadlineWheels();
    private volatile List<Served> served = List.of();
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

    /** What sockets are told apart by. */
    record Key(InetSocketAddress address, Transport transport) {}

    /** What clients can ask. */
    record Served(Key key, LocalAddress local) {}

    /** What is wanted of the sockets at one address. */
    record Wanted(LocalAddress local, int workers) {}

    /** The sockets at one address, in the order in which they were bound. */
    private static final class Open {
        private final ListeningPoint point;
        private final KernelKeeper.Place place;
        private final int firstLoop;
        private final List<OpenSocket> sockets = new ArrayList<>();

        Open(ListeningPoint point, KernelKeeper.Place place, int firstLoop) {
            this.point = point;
            this.place = place;
            this.firstLoop = firstLoop;
        }
    }

    /**
     * @param failures is told, in one line, what goes wrong with listening; must not block
     */
    Sockets(
            TransportType transport,
            EventLoopGroup loops,
            PortmapService service,
            OwnConnections own,
            ConnectionLimiter limiter,
            Overload overload,
            KernelKeeper kernel,
            Consumer<String> failures) {
        this.overload = overload;
        this.kernel = kernel;
        this.limiter = limiter;
        this.failures = failures;
        this.transport = transport;
        loops.forEach(loop -> workers.add((EventLoop) loop));
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
    synchronized void open(Map<Key, Wanted> wanted) throws StartException {
        List<Runnable> undo = new ArrayList<>();
        try {
            for (Map.Entry<Key, Wanted> entry : wanted.entrySet()) {
                Key key = entry.getKey();
                Open there = open.get(key);
                if (there == null) {
                    requireFree(key, entry.getValue());
                    ListeningPoint point = new ListeningPoint(entry.getValue().local());
                    there = new Open(point, kernel.place(point, key.transport(), isV4(key)), nextLoop);
                    nextLoop = (nextLoop + entry.getValue().workers()) % workers.size();
                    open.put(key, there);
                    undo.add(() -> open.remove(key));
                }
                while (there.sockets.size() < count(key, entry.getValue())) {
                    bind(key, there);
                    Open group = there;
                    undo.add(() -> closeLast(group));
                }
            }
            served = openAddresses();
        } catch (StartException e) {
            Collections.reverse(undo);
            undo.forEach(Runnable::run);
            throw e;
        }
    }

    private int count(Key key, Wanted wanted) {
        return key.transport() == Transport.UDP && transport.sharesPorts()
                ? wanted.workers() * Lanes.SOCKETS_PER_WORKER
                : wanted.workers();
    }

    /**
     * Takes over what is wanted now, and closes what is not. Connections that came by closed sockets stay. The kernel
     * learns what it can do for the policy; to be called when the policy is in force.
     */
    synchronized void settle(Map<Key, Wanted> wanted, Policy policy) {
        Set<String> listeners = new HashSet<>();
        wanted.values().forEach(w -> listeners.add(w.local().listener()));
        limiter.retain(listeners);
        kernel.serve(policy);
        for (Key key : List.copyOf(open.keySet())) {
            Open there = Objects.requireNonNull(open.get(key));
            Wanted here = wanted.get(key);
            if (here == null) {
                open.remove(key);
                closeFrom(there, 0);
            } else {
                there.place.spread(here.workers());
                closeFrom(there, count(key, here));
                there.place.filter();
                there.point.replace(here.local());
            }
        }
        served = openAddresses();
        kernel.served(listeners);
    }

    /** From the last one on: the kernel gives the number of a socket that is closed to the last one of its group. */
    private void closeFrom(Open there, int first) {
        while (there.sockets.size() > first) {
            closeLast(there);
        }
    }

    private void closeLast(Open there) {
        OpenSocket socket = there.sockets.remove(there.sockets.size() - 1);
        there.place.leave(socket);
        socket.close();
    }

    /** Closes all of them. Connections stay. */
    synchronized void close() {
        open.values().forEach(there -> closeFrom(there, 0));
        open.clear();
        served = List.of();
    }

    /** What is open, in the order in which it was bound. Callable from everywhere. */
    List<Served> served() {
        return served;
    }

    /** The same as text, by listener: transport, address and port. */
    Map<String, List<String>> addresses() {
        Map<String, List<String>> byListener = new HashMap<>();
        for (Served one : served) {
            String host = one.local().address().toString();
            byListener
                    .computeIfAbsent(one.local().listener(), l -> new ArrayList<>())
                    .add(one.key().transport().word() + " " + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":"
                            + one.key().address().getPort());
        }
        return byListener;
    }

    private List<Served> openAddresses() {
        List<Served> all = new ArrayList<>();
        open.forEach((key, there) -> all.add(new Served(key, there.point.local())));
        return List.copyOf(all);
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

    private void bind(Key key, Open there) throws StartException {
        int number = there.sockets.size();
        boolean udp = key.transport() == Transport.UDP;
        int worker = udp ? number / Lanes.SOCKETS_PER_WORKER : number;
        EventLoop loop = workers.get((there.firstLoop + worker) % workers.size());
        OpenSocket socket;
        try {
            socket = !udp
                    ? bound(bindTcp(key, there, loop))
                    : transport.sharesPorts() ? bindPort(key, there, loop, number) : bound(bindUdp(key, there, loop));
        } catch (IOException e) {
            throw new StartException(
                    BindHelp.explain(there.point.local().listener(), key.address(), key.transport(), e));
        }
        there.sockets.add(socket);
        there.place.join(socket);
    }

    private static OpenSocket bound(ChannelFuture binding) throws IOException {
        binding.awaitUninterruptibly();
        Throwable cause = binding.cause();
        if (cause instanceof IOException failure) {
            throw failure;
        }
        if (cause != null) {
            throw new IOException(cause);
        }
        return OpenSocket.of(binding.channel());
    }

    private OpenSocket bindPort(Key key, Open there, EventLoop loop, int number) throws IOException {
        DatagramPort port = DatagramPort.bind(
                loop,
                batches.computeIfAbsent(loop, l -> new DatagramBatch(DatagramFrontend.MAX_DATAGRAM)),
                key.address(),
                Lanes.TWO.isKnown(number) ? DATAGRAM_BUFFER : OTHERS_BUFFER,
                SEND_BUFFER);
        port.start(new DatagramFrontend(port, loop, service, there.point, overload, kernel::dropped));
        return port;
    }

    private ChannelFuture bindUdp(Key key, Open there, EventLoop loop) {
        return new Bootstrap()
                .group(loop)
                .channelFactory(() -> transport.datagramChannel(isV4(key)))
                .option(ChannelOption.SO_RCVBUF, DATAGRAM_BUFFER)
                .option(ChannelOption.SO_SNDBUF, SEND_BUFFER)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, DATAGRAM_WRITES)
                .option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(DatagramChannelFrontend.MAX_DATAGRAM)
                                .maxMessagesPerRead(KernelKeeper.DATAGRAMS_PER_TURN))
                .handler(new DatagramChannelFrontend(service, there.point, overload, kernel::dropped))
                .bind(key.address());
    }

    private ChannelFuture bindTcp(Key key, Open there, EventLoop loop) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop, loop)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .handler(new Doorkeeper(there))
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(256, 1024, STREAM_READ).maxMessagesPerRead(1))
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, STREAM_WRITES)
                .childHandler(new Nothing());
        transport.listen(bootstrap, isV4(key), STREAM_SEND_BUFFER);
        return bootstrap.bind(key.address());
    }

    /**
     * The door of a listening socket. Who is turned away is reset at once, before anything is made for the connection,
     * so that neither this process nor the kernel keeps anything of it.
     */
    private final class Doorkeeper extends ChannelInboundHandlerAdapter {
        private final ListeningPoint point;
        private final KernelKeeper.Place place;

        Doorkeeper(Open there) {
            this.point = there.point;
            this.place = there.place;
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
            // In this order: a reload has both names served before the point takes the new one.
            String name = point.local().listener();
            Serving serving = service.current();
            ListenerPolicy listener = serving.listenerPolicy(name);
            if (listener == null || !(child.remoteAddress() instanceof InetSocketAddress peer)) {
                return false;
            }
            ListenerPolicy.Tcp limits = listener.tcp();
            IpAddress source = IpAddress.of(peer.getAddress().getAddress());
            if (!service.welcomes(source)) {
                limiter.banned(name, limits);
                return false;
            }
            ConnectionLimiter.Seat seat =
                    limiter.enter(name, limits, source, serving.policy().rules().isNamed(source));
            if (seat == null) {
                return false;
            }
            place.pass(child);
            RecordDecoder records = new RecordDecoder(limits.maxRecord(), RecordDecoder.MAX_CALL_FRAGMENTS);
            StreamFrontend calls = new StreamFrontend(service, point, limits, seat, records, wheels, own);
            child.closeFuture().addListener(closed -> calls.leave());
            child.pipeline().addLast("records", records).addLast("calls", calls);
            connections.add(child);
            return true;
        }

        /** Most often for want of descriptors: what waits is tried again after a pause, in which some may be given back. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failures.accept("a connection cannot be accepted: " + cause.getMessage());
            Channel listening = context.channel();
            if (listening.config().isAutoRead()) {
                listening.config().setAutoRead(false);
                listening
                        .eventLoop()
                        .schedule(() -> listening.config().setAutoRead(true), ACCEPT_PAUSE_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    /** All that a connection needs was given to it at the door; Netty wants something to do here. */
    private static final class Nothing extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            // See Doorkeeper.
        }
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

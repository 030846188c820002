package org.rpcward.proxy.admin;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.AdminPolicy;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.transport.TransportType;

/**
 * Listens on the control socket and at the admin address. Its methods are called one after another, from whatever
 * thread but the admin event loop.
 */
public final class AdminServer {
    private static final int LONGEST_LINE = 4 << 10;
    private static final int LONGEST_HEADERS = 8 << 10;
    private static final int LONGEST_BODY = 64 << 10;
    private static final int READ = 4 << 10;
    private static final int BACKLOG = 128;
    private static final WriteBufferWaterMark WRITES = new WriteBufferWaterMark(32 << 10, 64 << 10);

    private final TransportType transport;
    private final EventLoop loop;
    private final Routes routes;
    private final Consumer<String> failures;
    private final @Nullable Path usualSocket;
    private final Site site;
    private final Map<Place, Open> open = new HashMap<>();
    private List<Place> wanted = List.of();
    private List<String> remarks = List.of();

    /** Makes room for a control socket. */
    interface Site {
        SocketFile prepare(Path path) throws IOException;
    }

    /** Where to listen: one of the two. */
    private record Place(
            BackendPolicy.@Nullable Endpoint http, @Nullable Path socket) {
        @Override
        public String toString() {
            return socket == null ? "admin address " + http : "control socket " + socket;
        }
    }

    private record Open(
            Channel channel,
            Connections connections,
            @Nullable SocketFile file) {}

    /**
     * @param loop of its own, so that nothing here slows a call
     * @param usualSocket where the control socket is when the policy does not say; null for nowhere
     * @param failures is told, in one line, what goes wrong; must not block
     */
    public AdminServer(
            TransportType transport,
            EventLoop loop,
            Routes routes,
            @Nullable Path usualSocket,
            Consumer<String> failures) {
        this(transport, loop, routes, usualSocket, failures, SocketFile::prepare);
    }

    AdminServer(
            TransportType transport,
            EventLoop loop,
            Routes routes,
            @Nullable Path usualSocket,
            Consumer<String> failures,
            Site site) {
        this.transport = transport;
        this.loop = loop;
        this.routes = routes;
        this.usualSocket = usualSocket;
        this.failures = failures;
        this.site = site;
    }

    /**
     * Listens where the policy wants it and it is not done yet. What is not wanted any more stays until {@link #settle}.
     *
     * @throws IOException with a reason for people, when that cannot be; nothing has changed then
     */
    public void open(AdminPolicy policy) throws IOException {
        List<Place> now = new ArrayList<>();
        List<Place> opened = new ArrayList<>();
        List<String> toTell = new ArrayList<>();
        try {
            if (policy.http() != null) {
                open(new Place(policy.http(), null), now, opened);
            }
            Path socket = socket(policy);
            if (socket != null) {
                open(new Place(null, socket), now, opened);
            }
        } catch (IOException e) {
            // Nobody asked for the socket by name: the proxy matters more.
            boolean asked = !policy.socket().equals(AdminPolicy.SOCKET_BY_DEFAULT);
            if (asked || (policy.http() != null && now.isEmpty())) {
                opened.forEach(place -> close(place, Connections::closeAll));
                throw e;
            }
            String missing = "no " + e.getMessage();
            failures.accept(missing);
            toTell.add(missing);
        }
        opened.stream()
                .map(open::get)
                .map(Open::file)
                .filter(file -> file != null && file.madeDirectory())
                .forEach(file -> toTell.add("made the directory " + file.path().getParent() + ", for its owner alone"));
        wanted = now;
        remarks = List.copyOf(toTell);
    }

    private @Nullable Path socket(AdminPolicy policy) {
        return switch (policy.socket()) {
            case AdminPolicy.SOCKET_OFF -> null;
            case AdminPolicy.SOCKET_BY_DEFAULT -> usualSocket;
            default -> Path.of(policy.socket());
        };
    }

    private void open(Place place, List<Place> now, List<Place> opened) throws IOException {
        if (!open.containsKey(place)) {
            try {
                open.put(place, place.socket() == null ? bind(place) : bindSocket(place));
            } catch (IOException e) {
                throw new IOException(place + ": " + e.getMessage(), e);
            }
            opened.add(place);
        }
        now.add(place);
    }

    private Open bind(Place place) throws IOException {
        BackendPolicy.Endpoint http = place.http();
        if (http == null) {
            throw new IllegalArgumentException("no address, place=" + place);
        }
        InetSocketAddress at =
                new InetSocketAddress(InetAddress.getByAddress(http.address().bytes()), http.port());
        Connections connections = new Connections();
        Channel channel = bind(() -> transport.serverChannel(http.address().isV4()), at, connections, false);
        return new Open(channel, connections, null);
    }

    private Open bindSocket(Place place) throws IOException {
        Path path = place.socket();
        if (path == null) {
            throw new IllegalArgumentException("no socket, place=" + place);
        }
        SocketFile file = site.prepare(path);
        Channel channel = null;
        try {
            Connections connections = new Connections();
            channel = bind(transport::unixServerChannel, transport.unixAddress(file.staging()), connections, true);
            file.publish();
            return new Open(channel, connections, file);
        } catch (IOException e) {
            if (channel != null) {
                channel.close().awaitUninterruptibly();
            }
            file.clean();
            throw e;
        }
    }

    private Channel bind(
            Supplier<? extends ServerChannel> factory, SocketAddress at, Connections connections, boolean control)
            throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop, loop)
                .channelFactory(factory::get)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ))
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITES)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel, connections, control);
                    }
                });
        if (!control) {
            bootstrap.option(ChannelOption.SO_REUSEADDR, true);
        }
        ChannelFuture binding = bootstrap.bind(at).awaitUninterruptibly();
        Throwable cause = binding.cause();
        if (cause != null) {
            String said = String.valueOf(cause.getMessage());
            String reason = said;
            if (said.contains("Address already in use")) {
                reason = "another process has it already";
            } else if (said.contains("assign requested address")) {
                reason = "this host has no such address (now)";
            }
            throw new IOException(reason, cause);
        }
        return binding.channel();
    }

    private void accept(Channel channel, Connections connections, boolean control) {
        Guard guard = new Guard(connections);
        HttpDecoderConfig bounds = new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_LINE)
                .setMaxHeaderSize(LONGEST_HEADERS)
                .setMaxChunkSize(READ);
        channel.pipeline()
                .addLast("guard", guard)
                .addLast("codec", new HttpServerCodec(bounds))
                .addLast("whole", new HttpObjectAggregator(control ? LONGEST_BODY : READ, true))
                .addLast("requests", new HttpConnection(routes, guard, connections, control, failures));
    }

    /** Closes what the policy of the last {@link #open} does not want; an order that it does so is still answered. */
    public void settle() {
        List.copyOf(open.keySet()).stream()
                .filter(p -> !wanted.contains(p))
                .forEach(place -> close(place, Connections::closeExpendable));
    }

    private void close(Place place, Consumer<Connections> leave) {
        Open there = open.remove(place);
        if (there == null) {
            return;
        }
        if (there.file() != null) {
            try {
                there.file().remove();
            } catch (IOException e) {
                failures.accept(place + " cannot be taken away: " + e.getMessage());
            }
        }
        there.channel().close().awaitUninterruptibly();
        loop.submit(() -> leave.accept(there.connections())).awaitUninterruptibly();
    }

    /** Closes everything: an event loop that ends afterwards may leave connections as they are. */
    public void close() {
        List.copyOf(open.keySet()).forEach(place -> close(place, Connections::closeAll));
    }

    /** The address at which it listens, with the port that it got; null when it does not. */
    public @Nullable InetSocketAddress address() {
        return open.values().stream()
                .map(there -> there.channel().localAddress())
                .filter(InetSocketAddress.class::isInstance)
                .map(InetSocketAddress.class::cast)
                .findFirst()
                .orElse(null);
    }

    /** Where it listens: addresses and paths, as a start page says them. */
    public List<String> places() {
        return open.keySet().stream().map(Place::toString).sorted().toList();
    }

    /** What an administrator should know of the last {@link #open}: a socket that is not there, a directory that was made. */
    public List<String> remarks() {
        return remarks;
    }
}

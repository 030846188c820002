package org.rpcward.proxy.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.backend.PendingCalls.Pending;
import org.rpcward.proxy.rpc.Rpc;
import org.rpcward.proxy.rpcbind.BackendReply;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.RecordDecoder;

/**
 * Questions to a backend over one TCP connection, which is opened for the first, used for all that follow, and closed
 * when none came for a while. When it breaks while questions wait, each is asked once more on a new one. After anything
 * unexpected on it, and after a question that was not answered in time, it is not used again: what comes next on it
 * could belong to anybody.
 */
final class TcpConversation {
    private static final int MAX_IN_FLIGHT = 256;

    /** Bytes of the longest listing that is read. */
    private static final int MAX_REPLY = 8 << 20;

    /** rpcbind sends 9,000 bytes in a fragment, others as few as 1,500. */
    private static final int MAX_FRAGMENTS = MAX_REPLY / 1024;

    private static final Duration IDLE = Duration.ofSeconds(30);
    private static final int CALL_BYTES = 128;
    private static final int MAX_TOGETHER = 64;

    private final InetSocketAddress backend;
    private final Duration timeout;
    private final ChannelFactory<? extends Channel> sockets;
    private final EventLoop loop;
    private final PendingCalls pending;
    private final OwnConnections own;
    private @Nullable Channel connection;
    private int connections;
    private @Nullable Future<?> idle;
    private long lastReply;

    TcpConversation(
            InetSocketAddress backend,
            Duration timeout,
            ChannelFactory<? extends Channel> sockets,
            EventLoop loop,
            OwnConnections own) {
        this.own = own;
        this.backend = backend;
        this.timeout = timeout;
        this.sockets = sockets;
        this.loop = loop;
        this.pending = new PendingCalls(loop, timeout, MAX_IN_FLIGHT);
    }

    void ask(BackendCall<?> call) {
        Pending waiting = pending.add(call, late -> {
            late.call.fail(BackendResult.Status.TIMEOUT);
            abandon(BackendResult.Status.TIMEOUT);
        });
        if (waiting == null) {
            call.fail(BackendResult.Status.OVERLOADED);
            return;
        }
        boolean reused = connection != null && connection.isActive();
        // On a fresh connection there is nothing to repeat: if it breaks, the backend is broken.
        waiting.repeated = !reused;
        send(waiting);
    }

    private void send(Pending waiting) {
        if (connection == null) {
            connect();
        }
        Channel open = connection;
        if (open != null && open.isActive()) {
            ByteBuf message = open.alloc().buffer(CALL_BYTES);
            message.writeInt(0);
            waiting.call.write(message, waiting.xid);
            message.setInt(0, Rpc.LAST_FRAGMENT | message.readableBytes() - Rpc.MARK_BYTES);
            open.writeAndFlush(message);
            pending.sent(waiting);
        }
        // Otherwise it is sent when the connection stands.
    }

    private void connect() {
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channelFactory(sockets)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis())
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                // Questions that are asked in one go leave with one system call.
                                .addLast("flushes", new FlushConsolidationHandler(MAX_TOGETHER, true))
                                .addLast("records", new RecordDecoder(MAX_REPLY, MAX_FRAGMENTS))
                                .addLast("replies", new Replies());
                    }
                })
                .connect(backend);
        if (!connecting.channel().isRegistered()) {
            // No descriptor is left: there is no channel to close, and the future would tell on a thread of Netty's.
            loop.execute(() -> pending.failAll(BackendResult.Status.UNREACHABLE));
            return;
        }
        connection = connecting.channel();
        connecting.addListener(done -> {
            if (!done.isSuccess() && connection == connecting.channel()) {
                abandon(unconnected(done.cause()));
            }
        });
    }

    /** How many connections there have been. */
    int connections() {
        return connections;
    }

    private static BackendResult.Status unconnected(Throwable cause) {
        if (cause instanceof ConnectTimeoutException) {
            return BackendResult.Status.TIMEOUT;
        }
        return cause instanceof ConnectException ? BackendResult.Status.REFUSED : BackendResult.Status.UNREACHABLE;
    }

    /** Gives up the connection and all that wait on it. */
    private void abandon(BackendResult.Status status) {
        Channel broken = connection;
        connection = null;
        if (broken != null) {
            broken.close();
        }
        pending.failAll(status);
    }

    void close() {
        abandon(BackendResult.Status.UNREACHABLE);
    }

    private void closeWhenIdle() {
        lastReply = loop.ticker().nanoTime();
        if (idle == null) {
            lookForIdleness(IDLE.toNanos());
        }
    }

    /** One timer, which is not set anew for each reply. */
    private void lookForIdleness(long delay) {
        idle = loop.schedule(
                () -> {
                    idle = null;
                    long left = lastReply + IDLE.toNanos() - loop.ticker().nanoTime();
                    if (left > 0) {
                        lookForIdleness(left);
                    } else if (pending.isEmpty()) {
                        abandon(BackendResult.Status.UNREACHABLE);
                    }
                },
                delay,
                TimeUnit.NANOSECONDS);
    }

    private final class Replies extends ChannelInboundHandlerAdapter {
        private @Nullable InetSocketAddress localEnd;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            connections++;
            if (context.channel().localAddress() instanceof InetSocketAddress end) {
                localEnd = end;
                own.add(end);
            }
            pending.all().forEach(TcpConversation.this::send);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (context.channel() != connection) {
                // What was given up may still have something to say, which is nobody's.
                ReferenceCountUtil.release(message);
                return;
            }
            if (!(message instanceof ByteBuf reply)) {
                abandon(BackendResult.Status.NONSENSE);
                return;
            }
            try {
                Pending waiting = BackendReply.xid(reply).map(pending::take).orElse(null);
                if (waiting == null) {
                    abandon(BackendResult.Status.NONSENSE);
                    return;
                }
                complete(waiting.call, reply);
                closeWhenIdle();
            } finally {
                reply.release();
            }
        }

        private <T> void complete(BackendCall<T> call, ByteBuf message) {
            BackendResult<T> result = call.read(message);
            if (result.status() == BackendResult.Status.NONSENSE) {
                abandon(BackendResult.Status.NONSENSE);
            }
            call.complete(result);
        }

        /** The backend closed, most often because it restarted: what waited on a reused connection is asked again. */
        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (localEnd != null) {
                own.remove(localEnd);
            }
            if (connection != context.channel()) {
                return;
            }
            connection = null;
            for (Pending waiting : pending.all()) {
                if (waiting.repeated) {
                    pending.take(waiting.xid);
                    waiting.call.fail(BackendResult.Status.UNREACHABLE);
                } else {
                    waiting.repeated = true;
                    send(waiting);
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}

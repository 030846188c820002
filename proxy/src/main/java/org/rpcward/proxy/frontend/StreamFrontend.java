package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.Rpc;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.transport.OwnConnections;

/*
 * A connection is a row of exchanges in the order of their calls. A reply that is ready before its turn waits in its
 * place, and one that the peer has no room for too; when the row holds as many as the policy allows, or the peer does not
 * take what is written, nothing more is read. Records that were decoded already wait in `arrived`, which holds no more
 * than one read brings. Every event ends in `goOn`, which moves what can be moved.
 *
 * One timer a connection asks at each deadline whether there was a whole call, or progress in what is written, since the
 * last one: a byte now and then is neither.
 */
/** Calls over one TCP connection. On one event loop. */
public final class StreamFrontend extends ChannelInboundHandlerAdapter {
    /** The event that tells a connection to take no more calls, and to end when those it has are answered. */
    public static final Object DRAIN = "drain";

    private static final int REPLY_BYTES = 128;

    private final PortmapService service;
    private final ListeningPoint point;
    private final ListenerPolicy.Tcp limits;
    private final ConnectionLimiter limiter;
    private final OwnConnections own;
    private final ArrayDeque<Object> arrived = new ArrayDeque<>(2);
    private final ArrayDeque<StreamExchange> row = new ArrayDeque<>(2);

    private @Nullable IpAddress source;
    private @Nullable Future<?> timer;
    private long lastSignOfLife;
    private long writtenBefore;
    private boolean hadWholeCall;
    private boolean moving;
    private boolean inputEnded;
    private boolean closing;

    public StreamFrontend(
            PortmapService service,
            ListeningPoint point,
            ListenerPolicy.Tcp limits,
            ConnectionLimiter limiter,
            OwnConnections own) {
        this.own = own;
        this.service = service;
        this.point = point;
        this.limits = limits;
        this.limiter = limiter;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        InetSocketAddress peer = (InetSocketAddress) context.channel().remoteAddress();
        IpAddress from = peer == null ? null : IpAddress.of(peer.getAddress().getAddress());
        if (from == null || !limiter.enter(from, limits)) {
            context.close();
            return;
        }
        source = from;
        lastSignOfLife = now(context);
        schedule(context, limits.firstRecord().toNanos());
        context.read();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (timer != null) {
            timer.cancel(false);
        }
        if (source != null) {
            limiter.leave(source);
            source = null;
        }
        closing = true;
        releaseAll();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        releaseAll();
    }

    private void releaseAll() {
        arrived.forEach(ReferenceCountUtil::release);
        arrived.clear();
        row.forEach(StreamExchange::release);
        row.clear();
    }

    /** A record, or the fault that the decoder found instead of one. */
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (closing) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (!hadWholeCall && isOurOwn(context.channel())) {
            // The backend is rpcward itself: an answer would be asked for here, and again, without end.
            ReferenceCountUtil.release(message);
            context.close();
            return;
        }
        arrived.add(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        goOn(context);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        goOn(context);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownReadComplete.INSTANCE || event == DRAIN) {
            inputEnded = true;
            goOn(context);
        }
    }

    /** The peer reset the connection, or the like. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
        if (!(cause instanceof java.io.IOException)) {
            context.fireExceptionCaught(cause);
        }
    }

    private boolean isOurOwn(Channel channel) {
        return channel.remoteAddress() instanceof InetSocketAddress peer && own.contains(peer);
    }

    /** Behind a call that ends the connection nothing is heard, though its turn to end it may not have come. */
    private boolean mayHandle(ChannelHandlerContext context) {
        StreamExchange last = row.peekLast();
        return row.size() < limits.maxPipelined()
                && (last == null || !last.endsConnection())
                && context.channel().isWritable()
                && !closing;
    }

    private boolean mayWrite(ChannelHandlerContext context) {
        return !row.isEmpty() && row.element().isDone() && context.channel().isWritable() && !closing;
    }

    /** Hands on what arrived and writes what is ready, as far as there is room, and reads on when all is handed on. */
    private void goOn(ChannelHandlerContext context) {
        if (moving) {
            // What just became possible is seen by the loop that is under way.
            return;
        }
        moving = true;
        try {
            while (mayWrite(context) || (!arrived.isEmpty() && mayHandle(context))) {
                handleArrived(context);
                writeReady(context);
                context.flush();
            }
        } finally {
            moving = false;
        }
        if (arrived.isEmpty() && mayHandle(context) && !inputEnded) {
            context.read();
        }
        closeWhenDone(context);
    }

    private void handleArrived(ChannelHandlerContext context) {
        IpAddress from = source;
        while (from != null && !arrived.isEmpty() && mayHandle(context)) {
            Object next = arrived.remove();
            StreamExchange exchange = new StreamExchange(context, from, next);
            row.add(exchange);
            hadWholeCall |= exchange.fault() == null;
            lastSignOfLife = now(context);
            try {
                service.handle(exchange);
            } finally {
                ReferenceCountUtil.release(next);
            }
        }
    }

    /** Writes the replies whose turn it is. */
    private void writeReady(ChannelHandlerContext context) {
        while (mayWrite(context)) {
            StreamExchange first = row.remove();
            ByteBuf reply = first.takeReply();
            if (reply != null) {
                context.write(reply, context.voidPromise());
            }
            if (first.endsConnection()) {
                end(context);
            }
        }
    }

    /** Ends the connection when what was written is sent. */
    private void end(ChannelHandlerContext context) {
        closing = true;
        releaseAll();
        context.writeAndFlush(context.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }

    /** After the peer has said its last, the connection ends with the last reply. */
    private void closeWhenDone(ChannelHandlerContext context) {
        if (inputEnded && !closing && row.isEmpty() && arrived.isEmpty()) {
            end(context);
        }
    }

    private void schedule(ChannelHandlerContext context, long nanos) {
        timer = context.executor().schedule(() -> check(context), nanos, TimeUnit.NANOSECONDS);
    }

    private static long now(ChannelHandlerContext context) {
        return context.executor().ticker().nanoTime();
    }

    private void check(ChannelHandlerContext context) {
        long written = written(context.channel());
        boolean waitsForPeer = written >= 0;
        long now = now(context);
        if (waitsForPeer ? written != writtenBefore : !row.isEmpty()) {
            lastSignOfLife = now;
        }
        writtenBefore = written;
        long left = lastSignOfLife + limits.idle().toNanos() - now;
        if (!hadWholeCall || left <= 0) {
            context.close();
        } else {
            schedule(context, left);
        }
    }

    /** A number that changes with every byte that the peer takes; -1 when nothing waits for it. */
    private static long written(Channel channel) {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        if (buffer == null || buffer.totalPendingWriteBytes() == 0) {
            return -1;
        }
        return buffer.totalPendingWriteBytes() << 24 ^ buffer.currentProgress();
    }

    /** One call of the row. */
    private final class StreamExchange implements Exchange {
        private final ChannelHandlerContext context;
        private final LocalAddress local = point.local();
        /** Kept here too: an answer may come when the connection has ended. */
        private final IpAddress source;

        private final @Nullable ByteBuf call;
        private final @Nullable Fault fault;
        private final int callBytes;
        private @Nullable ByteBuf reply;
        private boolean done;
        private boolean ends;

        StreamExchange(ChannelHandlerContext context, IpAddress source, Object message) {
            this.context = context;
            this.source = source;
            this.call = message instanceof ByteBuf buffer ? buffer : null;
            this.fault = message instanceof Fault found ? found : null;
            this.callBytes = call == null ? 0 : call.readableBytes();
        }

        boolean isDone() {
            return done;
        }

        boolean endsConnection() {
            return ends;
        }

        @Nullable
        ByteBuf takeReply() {
            ByteBuf taken = reply;
            reply = null;
            return taken;
        }

        void release() {
            if (reply != null) {
                reply.release();
                reply = null;
            }
            done = true;
        }

        private void done() {
            done = true;
            goOn(context);
        }

        @Override
        public String listener() {
            return local.listener();
        }

        @Override
        public Transport transport() {
            return Transport.TCP;
        }

        @Override
        public IpAddress source() {
            return source;
        }

        @Override
        public IpAddress asked() {
            return local.address();
        }

        @Override
        public Results.Asked answerAddresses() {
            return local.answerAddresses();
        }

        @Override
        public EventExecutor executor() {
            return context.executor();
        }

        @Override
        public ByteBuf message() {
            if (call == null) {
                throw new IllegalStateException("no message, fault=" + fault);
            }
            return call;
        }

        @Override
        public int callBytes() {
            return callBytes;
        }

        @Override
        public @Nullable Fault fault() {
            return fault;
        }

        @Override
        public ByteBuf newReply() {
            return context.alloc().directBuffer(REPLY_BYTES).writeInt(0);
        }

        @Override
        public int replyBytes(ByteBuf out) {
            return out.readableBytes() - Rpc.MARK_BYTES;
        }

        @Override
        public boolean reply(ByteBuf out) {
            out.setInt(out.readerIndex(), Rpc.LAST_FRAGMENT | replyBytes(out));
            if (done) {
                // The connection ended while the backend was asked.
                out.release();
                return true;
            }
            reply = out;
            done();
            return true;
        }

        @Override
        public void keepSilent() {
            if (!done) {
                done();
            }
        }

        @Override
        public void drop() {
            if (!done) {
                ends = true;
                done();
            }
        }
    }
}

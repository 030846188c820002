package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.RecordDecoder;

/*
 * A connection is a row of exchanges in the order of their calls. A reply that is ready before its turn waits in its
 * place, and one that the peer has no room for too; when the row holds as many as the policy allows, or the peer does not
 * take what is written, nothing more is read. Records that were decoded already wait in `arrived`, which holds no more
 * than one read brings. Every event ends in `goOn`, which moves what can be moved.
 *
 * A connection has one deadline, the nearest of those that the policy sets, on the wheel of its event loop. When it comes
 * there may have been a whole call meanwhile, and it is set anew: a call costs no timer. A deadline that comes nearer is
 * moved at once: when a record begins, and when replies begin to wait for the peer. While they wait, the connection is
 * looked at in each tick, because progress in writing has no event. A byte now and then is no sign of life.
 */
/** Calls over one TCP connection. On one event loop. */
public final class StreamFrontend extends ChannelInboundHandlerAdapter {
    /** The event that tells a connection to take no more calls, and to end when those it has are answered. */
    public static final Object DRAIN = "drain";

    /** The event that ends a connection of a source that no rule names, if nothing is under way on it. */
    public static final Object SHED = "shed";

    /**
     * How long the rest is read and forgotten of a peer that sends more calls than it may: closed at once, the connection
     * would be reset, and its last replies lost.
     */
    private static final long LINGER_NANOS = Duration.ofSeconds(1).toNanos();

    private static final long NEVER = Long.MAX_VALUE;

    private final PortmapService service;
    private final ListeningPoint point;
    private final ListenerPolicy.Tcp limits;
    private final RecordDecoder records;
    private final DeadlineWheels wheels;
    private final OwnConnections own;
    private final ArrayDeque<Object> arrived = new ArrayDeque<>(2);
    private final ArrayDeque<StreamExchange> row = new ArrayDeque<>(2);
    private final Deadline deadline = new Deadline();

    private ConnectionLimiter.@Nullable Seat seat;
    private @Nullable ChannelHandlerContext context;
    private @Nullable DeadlineWheel wheel;
    private @Nullable CloseReason reason;
    private long begin;
    private long lastSignOfLife;
    private long lastDeadline = NEVER;
    private long recordBegin = NEVER;
    private long writtenBefore = -1;
    private int calls;
    private boolean hadWholeCall;
    private boolean reading;
    private boolean moving;
    private boolean inputEnded;
    private boolean closing;
    private boolean lingering;

    /** @param seat is left when the connection ends: {@link #leave} */
    public StreamFrontend(
            PortmapService service,
            ListeningPoint point,
            ListenerPolicy.Tcp limits,
            ConnectionLimiter.Seat seat,
            RecordDecoder records,
            DeadlineWheels wheels,
            OwnConnections own) {
        this.service = service;
        this.point = point;
        this.limits = limits;
        this.seat = seat;
        this.records = records;
        this.wheels = wheels;
        this.own = own;
    }

    /** The connection has ended, however far it got. */
    public void leave() {
        ConnectionLimiter.Seat left = seat;
        if (left != null) {
            seat = null;
            left.leave(reason == null ? CloseReason.CLIENT : reason);
        }
    }

    /** When this channel closes, its connection is reset: nothing of it stays in the kernel. */
    public static void resetOnClose(Channel channel) {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        } catch (ChannelException gone) {
            // The peer was faster.
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
        wheel = wheels.of(added.executor());
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        begin = now(context);
        lastSignOfLife = begin;
        lastDeadline = begin + limits.life().toNanos();
        reading = true;
        setDeadline(context);
        context.read();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        closing = true;
        if (wheel != null) {
            wheel.drop(deadline);
        }
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
            close(context, CloseReason.LOOP);
            return;
        }
        recordBegin = NEVER;
        arrived.add(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (lingering) {
            context.read();
        } else if (!closing) {
            noteRecordBegin(context);
            goOn(context);
        }
    }

    /** The first bytes of a record are here, and its time begins. */
    private void noteRecordBegin(ChannelHandlerContext context) {
        if (recordBegin == NEVER && records.isWithinRecord()) {
            recordBegin = now(context);
            setDeadline(context);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        goOn(context);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownReadComplete.INSTANCE && closing) {
            // The peer has the last reply, or wants none.
            context.close();
        } else if (event == ChannelInputShutdownReadComplete.INSTANCE) {
            takeNoMore(context, CloseReason.CLIENT);
        } else if (event == DRAIN) {
            takeNoMore(context, CloseReason.DRAIN);
        } else if (event == SHED && row.isEmpty() && arrived.isEmpty() && seat != null && !seat.isKnown()) {
            close(context, CloseReason.OVERLOAD);
        }
    }

    private void takeNoMore(ChannelHandlerContext context, CloseReason why) {
        inputEnded = true;
        because(why);
        goOn(context);
    }

    /** The peer reset the connection, or the like. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        boolean isPeers = cause instanceof IOException;
        close(context, isPeers ? CloseReason.CLIENT : CloseReason.FAILURE);
        if (!isPeers) {
            context.fireExceptionCaught(cause);
        }
    }

    /** The first reason is the one that counts. */
    private void because(CloseReason why) {
        if (reason == null) {
            reason = why;
        }
    }

    private void close(ChannelHandlerContext context, CloseReason why) {
        because(why);
        closing = true;
        if (why.isAbrupt()) {
            resetOnClose(context.channel());
        }
        context.close();
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
    void goOn(ChannelHandlerContext context) {
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
        readOn(context);
        closeWhenDone(context);
        watchWriting(context);
    }

    /** While nothing is read, it is not the peer who keeps its record waiting. */
    private void readOn(ChannelHandlerContext context) {
        boolean wasReading = reading;
        reading = arrived.isEmpty() && mayHandle(context) && !inputEnded;
        if (!reading) {
            return;
        }
        if (!wasReading && recordBegin != NEVER) {
            recordBegin = now(context);
            setDeadline(context);
        }
        context.read();
    }

    private void handleArrived(ChannelHandlerContext context) {
        ConnectionLimiter.Seat place = seat;
        while (place != null && !arrived.isEmpty() && mayHandle(context)) {
            Object next = arrived.remove();
            lastSignOfLife = now(context);
            StreamExchange exchange =
                    new StreamExchange(this, context, point.local(), place.source(), next, lastSignOfLife);
            row.add(exchange);
            hadWholeCall |= exchange.fault() == null;
            if (++calls >= limits.maxCalls()) {
                exchange.ends(CloseReason.CALLS_LIMIT);
            }
            try {
                service.handle(exchange);
                exchange.wasHandled();
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
                lastSignOfLife = now(context);
            }
            if (first.endsConnection()) {
                end(context, first.whyItEnds());
            }
        }
    }

    /** Ends the connection when what was written is sent. */
    private void end(ChannelHandlerContext context, CloseReason why) {
        because(why);
        closing = true;
        releaseAll();
        context.writeAndFlush(context.alloc().buffer(0)).addListener(sent -> part(context));
    }

    /** What was written is sent. */
    private void part(ChannelHandlerContext context) {
        if (reason == CloseReason.CALLS_LIMIT && !inputEnded && context.channel() instanceof DuplexChannel channel) {
            lingering = true;
            lastDeadline = now(context) + LINGER_NANOS;
            setDeadline(context);
            channel.shutdownOutput();
            context.read();
        } else {
            context.close();
        }
    }

    /** After the peer has said its last, the connection ends with the last reply. */
    private void closeWhenDone(ChannelHandlerContext context) {
        if (inputEnded && !closing && row.isEmpty() && arrived.isEmpty()) {
            end(context, CloseReason.CLIENT);
        }
    }

    private static long now(ChannelHandlerContext context) {
        return context.executor().ticker().nanoTime();
    }

    private final class Deadline extends DeadlineWheel.Entry {
        @Override
        void due() {
            ChannelHandlerContext here = context;
            if (here != null) {
                check(here);
            }
        }
    }

    private void setDeadline(ChannelHandlerContext context) {
        if (wheel != null && context.channel().isActive()) {
            wheel.set(deadline, nearest(context));
        }
    }

    /** Once something that was written does not leave at once, its progress is watched. */
    private void watchWriting(ChannelHandlerContext context) {
        if (writtenBefore >= 0) {
            return;
        }
        writtenBefore = written(context.channel());
        if (writtenBefore >= 0) {
            lastSignOfLife = now(context);
            setDeadline(context);
        }
    }

    private void check(ChannelHandlerContext context) {
        long now = now(context);
        long written = written(context.channel());
        if (written >= 0 ? written != writtenBefore : !row.isEmpty()) {
            lastSignOfLife = now;
        }
        writtenBefore = written;
        CloseReason overdue = overdue(now);
        if (overdue == CloseReason.LIFETIME && !inputEnded && !closing) {
            // What may still be answered has as long as an idle connection.
            lastDeadline = now + limits.idle().toNanos();
            takeNoMore(context, CloseReason.LIFETIME);
            overdue = null;
        }
        if (overdue == null) {
            setDeadline(context);
        } else {
            reason = overdue;
            close(context, overdue);
        }
    }

    /** What took too long, or null. */
    private @Nullable CloseReason overdue(long now) {
        if (now >= lastDeadline) {
            return lingering ? CloseReason.CALLS_LIMIT : CloseReason.LIFETIME;
        }
        if (now >= lastSignOfLife + limits.idle().toNanos()) {
            return writtenBefore >= 0 ? CloseReason.NOT_READING : CloseReason.IDLE;
        }
        if (now >= firstRecordDeadline()) {
            return CloseReason.FIRST_RECORD;
        }
        return now >= recordDeadline() ? CloseReason.DRIP : null;
    }

    private long nearest(ChannelHandlerContext context) {
        if (writtenBefore >= 0) {
            return now(context);
        }
        long idleDeadline = lastSignOfLife + limits.idle().toNanos();
        return Math.min(Math.min(lastDeadline, idleDeadline), Math.min(firstRecordDeadline(), recordDeadline()));
    }

    private long firstRecordDeadline() {
        return hadWholeCall ? NEVER : begin + limits.firstRecord().toNanos();
    }

    private long recordDeadline() {
        return reading && recordBegin != NEVER ? recordBegin + limits.record().toNanos() : NEVER;
    }

    /** A number that changes with every byte that the peer takes; -1 when nothing waits for it. */
    private static long written(Channel channel) {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        if (buffer == null || buffer.totalPendingWriteBytes() == 0) {
            return -1;
        }
        return buffer.totalPendingWriteBytes() << 24 ^ buffer.currentProgress();
    }
}

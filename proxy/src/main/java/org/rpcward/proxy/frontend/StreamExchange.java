package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.Rpc;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.Exchange;

/** One call of the row of a connection, with the place that its reply has there. On the connection's event loop. */
final class StreamExchange implements Exchange {
    private static final int REPLY_BYTES = 128;

    private final StreamFrontend connection;
    private final ChannelHandlerContext context;
    private final LocalAddress local;

    /** Kept here too: an answer may come when the connection has ended. */
    private final IpAddress source;

    private final @Nullable ByteBuf call;
    private final @Nullable Fault fault;
    private final int callBytes;
    private final long arrivedAt;
    private boolean handled;
    private @Nullable Object note;
    private @Nullable ByteBuf reply;
    private boolean done;
    private @Nullable CloseReason ends;

    /**
     * @param connection goes on when the outcome is known
     * @param message the call, which stays the caller's, or the fault that was found in its place
     * @param arrivedAt by the clock of the event loop
     */
    StreamExchange(
            StreamFrontend connection,
            ChannelHandlerContext context,
            LocalAddress local,
            IpAddress source,
            Object message,
            long arrivedAt) {
        this.connection = connection;
        this.arrivedAt = arrivedAt;
        this.context = context;
        this.local = local;
        this.source = source;
        this.call = message instanceof ByteBuf buffer ? buffer : null;
        this.fault = message instanceof Fault found ? found : null;
        this.callBytes = call == null ? 0 : call.readableBytes();
    }

    /** The service has had it: what comes from now on had to be waited for. */
    void wasHandled() {
        handled = true;
    }

    boolean isDone() {
        return done;
    }

    boolean endsConnection() {
        return ends != null;
    }

    CloseReason whyItEnds() {
        return ends == null ? CloseReason.CLIENT : ends;
    }

    /** With the outcome of this call, the connection ends. */
    void ends(CloseReason why) {
        ends = why;
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
        connection.goOn(context);
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
    public boolean waited() {
        return handled;
    }

    @Override
    public long arrivedAt() {
        // A loop's time begins with the process.
        return executor().ticker().initialNanoTime() + arrivedAt;
    }

    @Override
    public long nanosSinceArrival() {
        return context.executor().ticker().nanoTime() - arrivedAt;
    }

    @Override
    public @Nullable Object note() {
        return note;
    }

    @Override
    public void keep(Object kept) {
        note = kept;
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
            ends = fault == null ? CloseReason.DROPPED : CloseReason.PROTOCOL;
            done();
        }
    }
}

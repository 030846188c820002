package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.Exchange;

/** A call over UDP, whatever read it. May serve another call when this one has ended. */
abstract class DatagramExchange implements Exchange {
    /**
     * Bytes of a datagram that are received. The longest strict call is shorter; of a longer datagram, which arrives
     * cut to this length, nothing is believed.
     */
    static final int MAX_BYTES = 2048;

    private static final IpAddress NOBODY = IpAddress.v4(0);

    private final DatagramCalls calls;
    private LocalAddress local;
    private IpAddress source = NOBODY;
    private int callBytes;
    private long arrivedAt;
    private boolean handled;
    private @Nullable Object note;

    DatagramExchange(DatagramCalls calls) {
        this.calls = calls;
        this.local = calls.local();
    }

    /** The time by {@link System#nanoTime}: an event loop's own begins with the process. */
    static long now(EventExecutor loop) {
        return loop.ticker().initialNanoTime() + loop.ticker().nanoTime();
    }

    /**
     * A call that arrives.
     *
     * @param now by {@link #now(EventExecutor)}
     */
    final void begin(IpAddress from, int bytes, long now) {
        local = calls.local();
        source = from;
        callBytes = bytes;
        arrivedAt = now;
        handled = false;
        note = null;
    }

    /** The service has returned: an outcome that is still missing will come later. */
    final void handled() {
        handled = true;
    }

    @Override
    public final String listener() {
        return local.listener();
    }

    @Override
    public final Transport transport() {
        return Transport.UDP;
    }

    @Override
    public final IpAddress source() {
        return source;
    }

    @Override
    public final IpAddress asked() {
        return local.address();
    }

    @Override
    public final Results.Asked answerAddresses() {
        return local.answerAddresses();
    }

    @Override
    public final int callBytes() {
        return callBytes;
    }

    @Override
    public final @Nullable Fault fault() {
        return callBytes >= MAX_BYTES ? Fault.OVERSIZED : null;
    }

    @Override
    public final boolean waited() {
        return handled;
    }

    @Override
    public final long arrivedAt() {
        return arrivedAt;
    }

    @Override
    public final long nanosSinceArrival() {
        return now(executor()) - arrivedAt;
    }

    @Override
    public final @Nullable Object note() {
        return note;
    }

    @Override
    public final void keep(Object kept) {
        note = kept;
    }

    @Override
    public void keepSilent() {
        // Over UDP that is all there is to it.
    }

    @Override
    public void drop() {
        calls.dropped();
    }

    @Override
    public final int replyBytes(ByteBuf reply) {
        return reply.readableBytes();
    }
}

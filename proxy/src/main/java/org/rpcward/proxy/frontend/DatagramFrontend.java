package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.overload.Backlog;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.PortmapService;

/**
 * Calls over UDP: one datagram, one message. The socket is bound to one address, so that replies leave from the address
 * that was asked. Replies that are ready while a batch of datagrams is read leave together.
 */
public final class DatagramFrontend extends ChannelInboundHandlerAdapter {
    /**
     * Bytes of a datagram that are received. The longest strict call is shorter; of a longer datagram, which arrives
     * cut to this length, nothing is believed.
     */
    public static final int MAX_DATAGRAM = 2048;

    private static final int REPLY_BYTES = 128;

    private final PortmapService service;
    private final ListeningPoint point;
    private final Overload overload;
    private final Runnable onDrop;
    private final Backlog backlog = new Backlog();
    private int inThisTurn;
    private boolean reading;
    private long batchBegan;

    /** @param onDrop is called for each datagram that is dropped; must not block */
    public DatagramFrontend(PortmapService service, ListeningPoint point, Overload overload, Runnable onDrop) {
        this.onDrop = onDrop;
        this.overload = overload;
        this.service = service;
        this.point = point;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        overload.watch(backlog);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        overload.forget(backlog);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        DatagramPacket packet = (DatagramPacket) message;
        if (!reading) {
            reading = true;
            batchBegan = now(context);
        }
        inThisTurn++;
        try {
            DatagramExchange exchange = new DatagramExchange(context, packet);
            service.handle(exchange);
            exchange.handled = true;
        } finally {
            packet.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reading = false;
        if (inThisTurn >= mostInATurn(context)) {
            backlog.filled(System.nanoTime());
        } else {
            backlog.emptied();
        }
        inThisTurn = 0;
        context.flush();
        service.batchSent(now(context) - batchBegan);
    }

    private static long now(ChannelHandlerContext context) {
        return context.executor().ticker().nanoTime();
    }

    /** How many datagrams are read, when more are waiting, before others have their turn. */
    private static int mostInATurn(ChannelHandlerContext context) {
        return context.channel().config().getRecvByteBufAllocator() instanceof MaxMessagesRecvByteBufAllocator turns
                ? turns.maxMessagesPerRead()
                : Integer.MAX_VALUE;
    }

    /** A reply could not be sent, because its receiver is gone for instance: with a datagram nobody has to know. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof java.io.IOException)) {
            context.fireExceptionCaught(cause);
        }
    }

    private final class DatagramExchange implements Exchange {
        private final ChannelHandlerContext context;
        private final LocalAddress local = point.local();
        private final ByteBuf call;
        private final int callBytes;
        private final InetSocketAddress sender;
        private final IpAddress source;
        private final long arrivedAt = batchBegan;
        private boolean handled;
        private @Nullable Object note;

        DatagramExchange(ChannelHandlerContext context, DatagramPacket packet) {
            this.context = context;
            this.call = packet.content();
            this.callBytes = call.readableBytes();
            this.sender = packet.sender();
            this.source = IpAddress.of(sender.getAddress().getAddress());
        }

        @Override
        public String listener() {
            return local.listener();
        }

        @Override
        public Transport transport() {
            return Transport.UDP;
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
            return call;
        }

        @Override
        public int callBytes() {
            return callBytes;
        }

        @Override
        public @Nullable Fault fault() {
            return callBytes >= MAX_DATAGRAM ? Fault.OVERSIZED : null;
        }

        @Override
        public boolean waited() {
            return handled;
        }

        @Override
        public long nanosSinceArrival() {
            return now(context) - arrivedAt;
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
            return context.alloc().directBuffer(REPLY_BYTES);
        }

        @Override
        public int replyBytes(ByteBuf reply) {
            return reply.readableBytes();
        }

        /** While the kernel takes no more, replies are let go: one that comes seconds late is of no use to anybody. */
        @Override
        public boolean reply(ByteBuf reply) {
            if (!context.channel().isWritable()) {
                reply.release();
                return false;
            }
            DatagramPacket packet = new DatagramPacket(reply, sender);
            if (reading) {
                context.write(packet, context.voidPromise());
            } else {
                context.writeAndFlush(packet, context.voidPromise());
            }
            return true;
        }

        @Override
        public void keepSilent() {
            // Over UDP that is all there is to it.
        }

        @Override
        public void drop() {
            onDrop.run();
        }
    }
}

package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.service.PortmapService;

/**
 * Calls over UDP that a channel of Netty reads, where there is no {@link DatagramFrontend}: one datagram, one message. The
 * socket is bound to one address, so that replies leave from the address that was asked.
 */
public final class DatagramChannelFrontend extends ChannelInboundHandlerAdapter {
    /** Bytes of a datagram that are to be received. */
    public static final int MAX_DATAGRAM = DatagramExchange.MAX_BYTES;

    private static final int REPLY_BYTES = 128;

    private final DatagramCalls calls;
    private int inThisTurn;
    private boolean reading;
    private long batchBegan;

    /** @param onDrop is called for each datagram that is dropped; must not block */
    public DatagramChannelFrontend(PortmapService service, ListeningPoint point, Overload overload, Runnable onDrop) {
        this.calls = new DatagramCalls(service, point, overload, onDrop);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        calls.opened();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        calls.closed();
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
            calls.handle(new PacketExchange(context, packet));
        } finally {
            packet.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reading = false;
        calls.turnEnded(inThisTurn >= mostInATurn(context));
        inThisTurn = 0;
        context.flush();
        calls.batchSent(now(context) - batchBegan);
    }

    private static long now(ChannelHandlerContext context) {
        return DatagramExchange.now(context.executor());
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

    private final class PacketExchange extends DatagramExchange {
        private final ChannelHandlerContext context;
        private final ByteBuf call;
        private final InetSocketAddress sender;

        PacketExchange(ChannelHandlerContext context, DatagramPacket packet) {
            super(calls);
            this.context = context;
            this.call = packet.content();
            this.sender = packet.sender();
            begin(IpAddress.of(sender.getAddress().getAddress()), call.readableBytes(), batchBegan);
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
        public ByteBuf newReply() {
            return context.alloc().directBuffer(REPLY_BYTES);
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
    }
}

package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.transport.DatagramBatch;
import org.rpcward.proxy.transport.DatagramPort;

/**
 * Calls over UDP: one datagram, one message. The socket is bound to one address, so that replies leave from the address
 * that was asked. Replies that are ready while a batch of datagrams is read leave together.
 *
 * <p>An exchange that has ended serves the next datagram; one that waits for the backend is left to itself.
 */
public final class DatagramFrontend implements DatagramPort.Receiver {
    /** Bytes of a datagram that are to be received. */
    public static final int MAX_DATAGRAM = DatagramExchange.MAX_BYTES;

    private final DatagramPort port;
    private final EventExecutor loop;
    private final DatagramCalls calls;
    private final ReplyBuffers replies = new ReplyBuffers();
    private SlotExchange exchange;
    private long batchBegan;

    /**
     * @param loop the one of the port
     * @param onDrop is called for each datagram that is dropped; must not block
     */
    public DatagramFrontend(
            DatagramPort port,
            EventExecutor loop,
            PortmapService service,
            ListeningPoint point,
            Overload overload,
            Runnable onDrop) {
        this.port = port;
        this.loop = loop;
        this.calls = new DatagramCalls(service, point, overload, onDrop);
        this.exchange = new SlotExchange();
        calls.opened();
    }

    @Override
    public void began() {
        batchBegan = DatagramExchange.now(loop);
    }

    @Override
    public void received(DatagramBatch batch, int slot) {
        SlotExchange call = exchange;
        call.begin(batch, slot);
        calls.handle(call);
        if (!call.ended) {
            call.leave();
            exchange = new SlotExchange();
        }
    }

    @Override
    public void ended() {
        calls.batchSent(DatagramExchange.now(loop) - batchBegan);
    }

    @Override
    public void turnEnded(boolean full) {
        calls.turnEnded(full);
    }

    @Override
    public void unsent(int lost) {
        calls.unsent(lost);
    }

    @Override
    public void closed() {
        calls.closed();
        replies.close();
    }

    private final class SlotExchange extends DatagramExchange {
        private @Nullable DatagramBatch batch;
        private int slot;
        private boolean ended;

        /** Of a call that waits: its batch is gone. */
        private byte @Nullable [] sender;

        SlotExchange() {
            super(calls);
        }

        void begin(DatagramBatch of, int at) {
            batch = of;
            slot = at;
            ended = false;
            begin(of.source(at), of.datagram(at).readableBytes(), batchBegan);
        }

        /** The outcome comes when the next batch may be here. */
        void leave() {
            sender = batchAtHand().sender(slot);
            batch = null;
        }

        private DatagramBatch batchAtHand() {
            DatagramBatch here = batch;
            if (here == null) {
                throw new IllegalStateException("the datagram is gone");
            }
            return here;
        }

        @Override
        public EventExecutor executor() {
            return loop;
        }

        @Override
        public ByteBuf message() {
            return batchAtHand().datagram(slot);
        }

        @Override
        public ByteBuf newReply() {
            return replies.next();
        }

        @Override
        public boolean reply(ByteBuf reply) {
            ended = true;
            byte[] receiver = sender;
            if (receiver == null) {
                port.reply(slot, reply);
            } else {
                port.replyLater(receiver, reply);
            }
            return true;
        }

        @Override
        public void keepSilent() {
            ended = true;
        }

        @Override
        public void drop() {
            ended = true;
            calls.dropped();
        }
    }
}

package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.transport.RecordDecoder;

/** A TCP connection without a socket, in time that a test lets pass, with a peer that reads as much as a test says. */
final class TestConnection extends EmbeddedChannel {
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final InetSocketAddress peer;
    private final MockTicker time;
    private final List<ByteBuf> sent = new ArrayList<>();
    private int readsAsked;
    private long mayTake = Long.MAX_VALUE;

    TestConnection(InetSocketAddress peer, RecordDecoder records, StreamFrontend frontend) throws Exception {
        this(peer, Ticker.newMockTicker(), records, frontend);
        closeFuture().addListener(closed -> frontend.leave());
    }

    private TestConnection(InetSocketAddress peer, MockTicker time, ChannelHandler... handlers) throws Exception {
        super(builder().register(false).ticker(time).handlers(handlers));
        this.peer = peer;
        this.time = time;
        config().setAutoRead(false);
        config().setWriteBufferWaterMark(new WriteBufferWaterMark(512, 1024));
        register();
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return peer;
    }

    @Override
    protected void doBeginRead() throws Exception {
        readsAsked++;
        super.doBeginRead();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) throws Exception {
        while (in.current() instanceof ByteBuf next && next.readableBytes() <= mayTake) {
            mayTake -= next.readableBytes();
            outboundMessages().add(next.retain());
            in.remove();
        }
    }

    /** How often the connection has asked for more bytes. */
    int readsAsked() {
        return readsAsked;
    }

    /** From now on the peer takes no replies. */
    void stopReading() {
        mayTake = 0;
    }

    /** The peer takes so many bytes more. */
    void read(long bytes) {
        mayTake = bytes;
        flush();
    }

    /** These bytes arrive, by one read. */
    void send(byte[]... parts) {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer();
        for (byte[] part : parts) {
            buffer.writeBytes(part);
        }
        sent.add(buffer);
        writeInbound(buffer);
    }

    /** Lets time pass, in steps, so that timers run when it is their time. */
    void pass(Duration duration) {
        for (long left = duration.toNanos(); left > 0; left -= STEP_NANOS) {
            time.advance(Math.min(left, STEP_NANOS), TimeUnit.NANOSECONDS);
            runScheduledPendingTasks();
        }
    }

    /** The replies that left, each a record of its own, without their marks. */
    List<String> replies() {
        List<String> replies = new ArrayList<>();
        for (ByteBuf out = readOutbound(); out != null; out = readOutbound()) {
            if (out.isReadable()) {
                int mark = out.readInt();
                if (mark != (0x8000_0000 | out.readableBytes())) {
                    throw new AssertionError("a wrong mark: " + Integer.toHexString(mark));
                }
                replies.add(Hex.of(out));
            }
            out.release();
        }
        return replies;
    }

    /** The xids of the replies that left. */
    List<Integer> repliedXids() {
        return replies().stream()
                .map(r -> Integer.parseUnsignedInt(r.substring(0, 8), 16))
                .toList();
    }

    /** Whether everything that arrived was released. */
    boolean isAllReleased() {
        return sent.stream().allMatch(b -> b.refCnt() == 0);
    }
}

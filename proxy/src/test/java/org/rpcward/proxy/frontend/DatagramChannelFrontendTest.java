package org.rpcward.proxy.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DatagramPacket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.PortmapService;

class DatagramChannelFrontendTest {
    private static final InetSocketAddress CLIENT = new InetSocketAddress("198.51.100.7", 40_000);
    private static final InetSocketAddress STRANGER = new InetSocketAddress("203.0.113.9", 999);
    private static final IpAddress LOCAL = IpAddress.v4(0xc0000201);
    private static final Policy POLICY = Policies.of("""
            rules:
              - { name: all, from: 198.51.100.0/24, then: allow, call: [ping, lookup] }
            """);

    private final AtomicInteger dropped = new AtomicInteger();
    private final FakeDirectory directory = FakeDirectory.of(Mapping.anywhere(100_003, 3, Netid.UDP, 2049));
    private final RecordingObserver observer = new RecordingObserver();
    private final PortmapService service =
            Services.of(Policies.serving(POLICY, directory), InstantSource.fixed(Instant.EPOCH), observer);
    private final Overload overload = new Overload(() -> 0);
    private final FlushCounter flushes = new FlushCounter();
    private final EmbeddedChannel socket = new EmbeddedChannel(
            flushes,
            new DatagramChannelFrontend(
                    service,
                    new ListeningPoint(new LocalAddress(
                            Policies.LISTENER,
                            new InetSocketAddress("192.0.2.1", 111),
                            LOCAL,
                            new Results.Asked(LOCAL, null))),
                    overload,
                    dropped::incrementAndGet));
    private final List<ByteBuf> sent = new ArrayList<>();

    @AfterEach
    void nothingIsKept() {
        socket.finishAndReleaseAll();
        assertThat(sent).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    @Test
    void theEndOfABatchIsTold() {
        receive(packet(CLIENT, ping(1)), packet(CLIENT, ping(2)));
        receive(packet(CLIENT, ping(3)));

        assertThat(observer.batches()).isEqualTo(2);
    }

    @Test
    void theReplyGoesToWhoAsked() {
        receive(packet(CLIENT, ping(1)), packet(new InetSocketAddress("198.51.100.8", 1), ping(2)));

        DatagramPacket first = socket.readOutbound();
        DatagramPacket second = socket.readOutbound();
        assertThat(first.recipient()).isEqualTo(CLIENT);
        assertThat(Hex.of(first.content())).isEqualTo("00000001 00000001 00000000 00000000 00000000 00000000");
        assertThat(second.recipient()).isEqualTo(new InetSocketAddress("198.51.100.8", 1));
        first.release();
        second.release();
    }

    @Test
    void theRepliesToOneReadLeaveTogether() {
        DatagramPacket[] batch = new DatagramPacket[30];
        for (int i = 0; i < batch.length; i++) {
            batch[i] = packet(CLIENT, i % 2 == 0 ? ping(i) : lookup(i));
        }
        receive(batch);

        assertThat(flushes.count).isEqualTo(1);
        assertThat(socket.outboundMessages()).hasSize(30);
    }

    @Test
    void anAnswerThatComesLaterLeavesAtOnce() {
        directory.delaying();
        receive(packet(CLIENT, lookup(1)));
        assertThat(socket.outboundMessages()).isEmpty();
        int before = flushes.count;

        directory.answerFirst();

        assertThat(flushes.count).isEqualTo(before + 1);
        DatagramPacket reply = socket.readOutbound();
        assertThat(Hex.of(reply.content())).endsWith("00000801");
        assertThat(reply.recipient()).isEqualTo(CLIENT);
        reply.release();
    }

    @Test
    void aStrangerHearsNothing() {
        receive(packet(STRANGER, ping(1)), packet(STRANGER, new byte[3]));

        assertThat(socket.outboundMessages()).isEmpty();
        assertThat(observer.take()).containsExactly("decided null drop by default", "malformed short drop");
        assertThat(dropped).hasValue(2);
    }

    @Test
    void aDatagramThatMayHaveBeenCutIsNotBelieved() {
        byte[] longest =
                CallBytes.call(3, 7).string("x".repeat(2048 - 40 - 4 - 4)).bytes();
        assertThat(longest).hasSize(2044);
        receive(packet(CLIENT, longest));
        assertThat(observer.take()).first().isEqualTo("decided uaddr2taddr drop by default");

        receive(packet(CLIENT, Arrays.copyOf(longest, 2048)), packet(CLIENT, Arrays.copyOf(longest, 9000)));
        assertThat(observer.take()).containsExactly("malformed oversized drop", "malformed oversized drop");
        assertThat(socket.outboundMessages()).isEmpty();
    }

    @Test
    void anEmptyDatagramIsTooShort() {
        receive(packet(CLIENT, new byte[0]));

        assertThat(observer.take()).containsExactly("malformed short drop");
    }

    @Test
    void aReplyThatCannotBeSentDisturbsNobody() {
        socket.pipeline().fireExceptionCaught(new IOException("Connection refused"));
        receive(packet(CLIENT, ping(1)));

        assertThat(socket.outboundMessages()).hasSize(1);
        socket.checkException();
    }

    private void receive(DatagramPacket... packets) {
        socket.writeInbound((Object[]) packets);
    }

    private DatagramPacket packet(InetSocketAddress from, byte[] message) {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.buffer().writeBytes(message);
        sent.add(buffer);
        return new DatagramPacket(buffer, new InetSocketAddress("192.0.2.1", 111), from);
    }

    private static byte[] ping(int xid) {
        return CallBytes.call(4, 0).xid(xid).bytes();
    }

    private static byte[] lookup(int xid) {
        return CallBytes.call(2, 3).mapping(100_003, 3, 17, 0).xid(xid).bytes();
    }

    /** Counts how often the socket was told to send. */
    private static final class FlushCounter extends ChannelOutboundHandlerAdapter {
        private int count;

        @Override
        public void flush(ChannelHandlerContext context) {
            count++;
            context.flush();
        }
    }
}

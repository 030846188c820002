package org.rpcward.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.net.IpAddress;

/** With real sockets on loopback. */
class DatagramPortTest {
    private static final int ROOM = 100;
    private static final int BUFFER = 1 << 20;

    private final EventLoopGroup loops = TransportType.EPOLL.eventLoops(1, "ports");
    private final EventLoop loop = loops.next();
    private final DatagramBatch batch = new DatagramBatch(ROOM);
    private final List<DatagramPort> open = new ArrayList<>();

    @BeforeEach
    void isThere() {
        assertThat(TransportType.best()).as(TransportType.whyNotEpoll()).isEqualTo(TransportType.EPOLL);
    }

    @AfterEach
    void close() {
        open.forEach(DatagramPort::close);
        loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Replies with what it received, and the length that it saw, and remembers. */
    private static class Echo implements DatagramPort.Receiver {
        final List<IpAddress> sources = new CopyOnWriteArrayList<>();
        final List<Integer> batches = new CopyOnWriteArrayList<>();
        final AtomicInteger closed = new AtomicInteger();
        final AtomicInteger lost = new AtomicInteger();
        final List<Boolean> turns = new CopyOnWriteArrayList<>();
        private final DatagramPort port;
        private int inBatch;

        Echo(DatagramPort port) {
            this.port = port;
        }

        @Override
        public void began() {
            inBatch = 0;
        }

        @Override
        public void received(DatagramBatch of, int slot) {
            inBatch++;
            sources.add(of.source(slot));
            answer(of, slot);
        }

        void answer(DatagramBatch of, int slot) {
            port.reply(slot, Unpooled.directBuffer().writeBytes(of.datagram(slot)));
        }

        @Override
        public void ended() {
            batches.add(inBatch);
        }

        @Override
        public void turnEnded(boolean full) {
            turns.add(full);
        }

        @Override
        public void unsent(int replies) {
            lost.addAndGet(replies);
        }

        @Override
        public void closed() {
            closed.incrementAndGet();
        }
    }

    private DatagramPort bind(String address) throws IOException {
        DatagramPort port = DatagramPort.bind(
                loop, batch, new InetSocketAddress(InetAddress.getByName(address), 0), BUFFER, BUFFER);
        open.add(port);
        return port;
    }

    private static DatagramSocket client(DatagramPort port, String from) throws IOException {
        DatagramSocket client = new DatagramSocket(new InetSocketAddress(InetAddress.getByName(from), 0));
        client.connect(port.descriptor().localAddress());
        client.setSoTimeout(5_000);
        return client;
    }

    private static void send(DatagramSocket client, byte[] bytes) throws IOException {
        client.send(new DatagramPacket(bytes, bytes.length));
    }

    private static byte[] receive(DatagramSocket client) throws IOException {
        DatagramPacket reply = new DatagramPacket(new byte[20_000], 20_000);
        client.receive(reply);
        return Arrays.copyOf(reply.getData(), reply.getLength());
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void aReplyGoesToWhoAskedAndTheSourceIsSeen(String address) throws IOException {
        DatagramPort port = bind(address);
        Echo echo = new Echo(port);
        port.start(echo);
        try (DatagramSocket client = client(port, address)) {
            send(client, new byte[] {1, 2, 3});
            assertThat(receive(client)).containsExactly(1, 2, 3);
        }
        assertThat(echo.sources).containsExactly(IpAddress.parse(address).orElseThrow());
        await().untilAsserted(() -> assertThat(echo.turns).containsExactly(false));
    }

    @Test
    void whatWaitsIsReadInBatchesAndEachHasItsOwnReply() throws IOException {
        DatagramPort port = bind("127.0.0.1");
        Echo echo = new Echo(port);
        try (DatagramSocket one = client(port, "127.0.0.1");
                DatagramSocket two = client(port, "127.9.8.7")) {
            for (int i = 0; i < DatagramBatch.MOST + 10; i++) {
                send(i % 2 == 0 ? one : two, new byte[] {(byte) i});
            }
            port.start(echo);
            for (int i = 0; i < DatagramBatch.MOST + 10; i++) {
                assertThat(receive(i % 2 == 0 ? one : two)).containsExactly(i);
            }
        }
        // The first batch is full, and so is the turn.
        await().untilAsserted(() -> assertThat(echo.turns).startsWith(true, false));
        assertThat(echo.batches).startsWith(DatagramBatch.MOST);
        assertThat(echo.sources).contains(IpAddress.v4(0x7f000001), IpAddress.v4(0x7f090807));
    }

    @Test
    void aTurnEndsAfterAsManyAsItIsToldAndOthersHaveTheirs() throws IOException {
        DatagramPort port = bind("127.0.0.1");
        Echo echo = new Echo(port);
        port.takeTurnsOf(8);
        try (DatagramSocket client = client(port, "127.0.0.1")) {
            for (int i = 0; i < 20; i++) {
                send(client, new byte[] {(byte) i});
            }
            port.start(echo);
            for (int i = 0; i < 20; i++) {
                assertThat(receive(client)).containsExactly(i);
            }
        }
        await().untilAsserted(() -> assertThat(echo.turns).startsWith(true, true, false));
        assertThat(echo.batches).startsWith(8, 8, 4);
    }

    @Test
    void afterAMistakeInABatchWithManyRepliesTheSocketIsReadOn() throws IOException {
        DatagramPort port = bind("127.0.0.1");
        port.takeTurnsOf(20);
        Echo echo = new Echo(port) {
            @Override
            void answer(DatagramBatch of, int slot) {
                super.answer(of, slot);
                if (of.datagram(slot).readByte() == 19) {
                    throw new IllegalStateException("a mistake of this test");
                }
            }
        };
        try (DatagramSocket client = client(port, "127.0.0.1")) {
            for (int i = 0; i < 20; i++) {
                send(client, new byte[] {(byte) i});
            }
            port.start(echo);
            for (int i = 0; i < 20; i++) {
                assertThat(receive(client)).containsExactly(i);
            }
            send(client, new byte[] {42});
            assertThat(receive(client)).containsExactly(42);
        }
    }

    @Test
    void aDatagramThatIsTooLongArrivesCutAndAnEmptyOneArrives() throws IOException {
        DatagramPort port = bind("127.0.0.1");
        port.start(new Echo(port) {
            @Override
            void answer(DatagramBatch of, int slot) {
                port.reply(
                        slot, Unpooled.directBuffer().writeInt(of.datagram(slot).readableBytes()));
            }
        });
        try (DatagramSocket client = client(port, "127.0.0.1")) {
            send(client, new byte[ROOM - 1]);
            assertThat(receive(client)).containsExactly(0, 0, 0, ROOM - 1);
            send(client, new byte[9_000]);
            assertThat(receive(client)).containsExactly(0, 0, 0, ROOM);
            // A connected socket of the JDK sends no empty datagram.
            client.disconnect();
            client.send(new DatagramPacket(new byte[0], 0, port.descriptor().localAddress()));
            assertThat(receive(client)).containsExactly(0, 0, 0, 0);
        }
    }

    @Test
    void aReplyMayBeLongOrInPiecesOrOnTheHeap() throws IOException {
        byte[] bytes = new byte[9_000];
        Arrays.fill(bytes, (byte) 7);
        DatagramPort port = bind("127.0.0.1");
        port.start(new Echo(port) {
            @Override
            void answer(DatagramBatch of, int slot) {
                ByteBuf reply = of.datagram(slot).readByte() == 0
                        ? Unpooled.wrappedBuffer(bytes)
                        : Unpooled.wrappedBuffer(
                                Unpooled.directBuffer().writeByte(7), Unpooled.copiedBuffer(bytes, 1, 8_999));
                port.reply(slot, reply);
            }
        });
        try (DatagramSocket client = client(port, "127.0.0.1")) {
            send(client, new byte[] {0});
            assertThat(receive(client)).isEqualTo(bytes);
            send(client, new byte[] {1});
            assertThat(receive(client)).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void aReplyThatComesLaterFindsItsWay(String address) throws IOException {
        List<byte[]> senders = new CopyOnWriteArrayList<>();
        DatagramPort port = bind(address);
        port.start(new Echo(port) {
            @Override
            void answer(DatagramBatch of, int slot) {
                senders.add(of.sender(slot));
            }
        });
        try (DatagramSocket one = client(port, address);
                DatagramSocket two = client(port, address)) {
            send(one, new byte[] {1});
            send(two, new byte[] {2});
            await().until(() -> senders.size() == 2);
            loop.submit(() -> {
                        port.replyLater(senders.get(1), Unpooled.directBuffer().writeByte(2));
                        port.replyLater(senders.get(0), Unpooled.directBuffer().writeByte(1));
                    })
                    .syncUninterruptibly();
            assertThat(receive(one)).containsExactly(1);
            assertThat(receive(two)).containsExactly(2);
        }
    }

    @Test
    void aReplyThatCannotBeSentIsCountedAndTheOthersLeave() throws IOException {
        DatagramPort port = bind("127.0.0.1");
        Echo echo = new Echo(port) {
            @Override
            void answer(DatagramBatch of, int slot) {
                if (of.datagram(slot).readByte() == 0) {
                    // Longer than any datagram: EMSGSIZE.
                    port.reply(slot, Unpooled.directBuffer(70_000).writeZero(70_000));
                } else {
                    super.answer(of, slot);
                }
            }
        };
        try (DatagramSocket client = client(port, "127.0.0.1")) {
            for (byte i : new byte[] {0, 1, 0, 2}) {
                send(client, new byte[] {i});
            }
            port.start(echo);
            assertThat(receive(client)).containsExactly(1);
            assertThat(receive(client)).containsExactly(2);
        }
        await().untilAsserted(() -> assertThat(echo.lost).hasValue(2));
    }

    @Test
    void afterItIsClosedNothingIsReadAndALateReplyIsLetGo() throws IOException {
        DatagramPort port = bind("127.0.0.1");
        Echo echo = new Echo(port);
        port.start(echo);
        try (DatagramSocket client = client(port, "127.0.0.1")) {
            byte[] sender = ByteBufUtil.decodeHexDump("0200ffff7f000001" + "00".repeat(8));
            port.close();
            port.close();
            assertThat(echo.closed).hasValue(1);
            ByteBuf late = Unpooled.directBuffer().writeByte(1);
            loop.submit(() -> port.replyLater(sender, late)).syncUninterruptibly();
            assertThat(late.refCnt()).isZero();
            client.setSoTimeout(100);
            assertThatThrownBy(() -> {
                        send(client, new byte[] {1});
                        receive(client);
                    })
                    .isInstanceOfAny(SocketTimeoutException.class, java.net.PortUnreachableException.class);
        }
        assertThat(echo.sources).isEmpty();
    }

    /** The end of the port comes between an answer and the moment in which it would leave with others. */
    @Test
    void aLateReplyThatIsReadyWhenItIsClosedStillLeaves() throws Exception {
        DatagramPort port = bind("127.0.0.1");
        port.start(new Echo(port));
        try (DatagramSocket client = client(port, "127.0.0.1")) {
            byte[] sender =
                    ByteBufUtil.decodeHexDump("0200%04x7f000001".formatted(client.getLocalPort()) + "00".repeat(8));
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch closing = new CountDownLatch(1);
            loop.submit(() -> {
                begun.countDown();
                return closing.await(20, TimeUnit.SECONDS);
            });
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            loop.execute(() -> port.replyLater(sender, Unpooled.directBuffer().writeByte(7)));
            Thread closer = new Thread(port::close);
            closer.start();
            await().until(() -> closer.getState() == Thread.State.WAITING);
            closing.countDown();

            assertThat(receive(client)).containsExactly(7);
            closer.join();
        }
    }

    @Test
    void anAddressThatIsNotOursCannotBeBound() {
        assertThatThrownBy(() -> bind("192.0.2.1")).isInstanceOf(IOException.class);
    }
}

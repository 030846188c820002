package org.rpcward.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelException;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.LinuxSocket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/*
 *   epoll -> recvmmsg -> Receiver, one datagram after the other -> sendmmsg
 *
 * A batch that is not full emptied the queue: the kernel need not be asked whether there is more, it tells when there is.
 */
/**
 * A UDP socket that shares its port, read in batches on one event loop: its replies to a batch leave together. Received and
 * sent without Netty's channels, which cost a datagram more than all that is decided about it.
 */
public final class DatagramPort implements OpenSocket {
    private static final int SOL_SOCKET = 1;

    /** {@code SO_RCVBUFFORCE}: more than {@code net.core.rmem_max}, for who may administer the network. */
    private static final int FORCED_RECEIVE_BUFFER = 33;

    /**
     * Replies from which on it pays not to watch the socket while they leave: the kernel would tell of each that has left
     * that there is room again.
     */
    private static final int MANY = 8;

    private final EventLoop loop;
    private final LinuxSocket socket;
    private final DatagramBatch batch;
    private final ReplyBatch replies;
    private final Handle handle = new Handle();
    private @Nullable IoRegistration registration;
    private @Nullable Receiver receiver;
    private boolean receiving;
    private boolean leaving;
    private volatile int most = DatagramBatch.MOST;

    /** Reads what comes. On the event loop of its port. */
    public interface Receiver {
        /** Datagrams came at once. */
        void began();

        /** One of them. */
        void received(DatagramBatch batch, int slot);

        /** The replies to them have left. */
        void ended();

        /**
         * Others have their turn.
         *
         * @param full whether as much was read as one turn may bring, so that more is likely to wait
         */
        void turnEnded(boolean full);

        /** The kernel did not take so many replies. */
        void unsent(int replies);

        /** Nothing more comes. */
        void closed();
    }

    private DatagramPort(EventLoop loop, DatagramBatch batch, LinuxSocket socket, ReplyBatch replies) {
        this.loop = loop;
        this.batch = batch;
        this.socket = socket;
        this.replies = replies;
    }

    /**
     * Binds a socket. Nothing is read from it before {@link #start}.
     *
     * @param loop of the epoll transport
     * @param batch the one of this loop
     * @param receiveBuffer bytes of the kernel's memory for what waits to be read; less where the kernel gives no more
     * @param sendBuffer likewise for what waits to be sent
     * @throws IOException when it cannot be bound
     */
    public static DatagramPort bind(
            EventLoop loop, DatagramBatch batch, InetSocketAddress at, int receiveBuffer, int sendBuffer)
            throws IOException {
        boolean v4 = at.getAddress() instanceof Inet4Address;
        LinuxSocket socket = LinuxSocket.newSocketDgram(v4 ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6);
        try {
            socket.setReusePort(true);
            growReceiveBuffer(socket, receiveBuffer);
            socket.setSendBufferSize(sendBuffer);
            socket.bind(at);
            return new DatagramPort(loop, batch, socket, new ReplyBatch(socket, v4));
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static void growReceiveBuffer(LinuxSocket socket, int bytes) throws IOException {
        try {
            socket.setIntOpt(SOL_SOCKET, FORCED_RECEIVE_BUFFER, bytes);
        } catch (IOException | ChannelException notAllowed) {
            socket.setReceiveBufferSize(bytes);
        }
    }

    /** Begins to read. */
    public void start(Receiver reader) {
        receiver = reader;
        watch();
    }

    private void watch() {
        IoRegistration made =
                ((IoEventLoop) loop).register(handle).syncUninterruptibly().getNow();
        registration = made;
        made.submit(EpollIoOps.EPOLLIN);
    }

    private void lookAway() {
        IoRegistration registered = registration;
        if (registered != null) {
            registered.cancel();
            registration = null;
        }
    }

    /** After so many datagrams, other sockets of the event loop have their turn; a batch is not cut short. */
    public void takeTurnsOf(int datagrams) {
        most = datagrams;
    }

    /** Sends a reply, which is taken over, to the sender of a datagram of the batch at hand; it leaves with the others. */
    public void reply(int slot, ByteBuf reply) {
        replies.add(batch, slot, reply);
    }

    /**
     * Sends a reply, which is taken over, to somebody whose call came earlier.
     *
     * @param sender from {@link DatagramBatch#sender}
     */
    public void replyLater(byte[] sender, ByteBuf reply) {
        if (!socket.isOpen()) {
            reply.release();
            return;
        }
        replies.add(sender, reply);
        if (!receiving && !leaving) {
            leaving = true;
            // Answers come in bunches, as the questions for them were asked: they leave together.
            loop.execute(this::sendLate);
        }
    }

    private void sendLate() {
        leaving = false;
        if (socket.isOpen()) {
            replies.send();
            tellUnsent();
        }
    }

    private void read(Receiver reader) {
        int wanted = Math.min(most, DatagramBatch.MOST);
        int all = 0;
        try {
            int received = batch.receive(socket.intValue(), wanted);
            while (received > 0) {
                answer(reader, received);
                all += received;
                received = received == wanted && all < most ? batch.receive(socket.intValue(), wanted) : 0;
            }
        } finally {
            // Whatever happened: a socket that nobody watches is never read again.
            if (registration == null && socket.isOpen()) {
                watch();
            }
        }
        tellUnsent();
        reader.turnEnded(all >= most);
    }

    private void answer(Receiver reader, int received) {
        receiving = true;
        try {
            reader.began();
            for (int slot = 0; slot < received; slot++) {
                reader.received(batch, slot);
            }
        } finally {
            receiving = false;
            if (replies.count() >= MANY) {
                lookAway();
            }
            replies.send();
            reader.ended();
        }
    }

    private void tellUnsent() {
        int lost = replies.takeLost();
        if (lost > 0 && receiver != null) {
            receiver.unsent(lost);
        }
    }

    @Override
    public Socket descriptor() {
        return socket;
    }

    @Override
    public void close() {
        loop.submit(handle::close).syncUninterruptibly();
    }

    /** What epoll tells of the socket. */
    private final class Handle implements EpollIoHandle {
        @Override
        public FileDescriptor fd() {
            return socket;
        }

        @Override
        public void handle(IoRegistration here, IoEvent event) {
            Receiver reader = receiver;
            if (reader != null && socket.isOpen()) {
                read(reader);
            }
        }

        /** Also called by Netty when the event loop ends. */
        @Override
        public void close() {
            lookAway();
            if (!socket.isOpen()) {
                return;
            }
            replies.send();
            tellUnsent();
            try {
                socket.close();
            } catch (IOException e) {
                // It is gone all the same: close(2).
            }
            if (receiver != null) {
                receiver.closed();
            }
        }
    }
}

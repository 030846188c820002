package org.rpcward.proxy.admin;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Watches over the time that one connection takes, and knows what it is doing. Only used on the admin event loop. */
final class Guard extends ChannelInboundHandlerAdapter {
    /** From the first byte of a request to its last. */
    static final Duration REQUEST = Duration.ofSeconds(5);

    /** Between a connection's requests, and before the first. */
    static final Duration IDLE = Duration.ofSeconds(15);

    /** From the end of a request until there is an answer. */
    static final Duration ANSWER = Duration.ofSeconds(60);

    /** For the answer to be taken, as long as nobody waits for the room. */
    static final Duration TAKEN = Duration.ofSeconds(15);

    /** For the answer to be taken, in any case. */
    static final Duration TAKEN_AT_LEAST = Duration.ofSeconds(1);

    /** From the end of the last answer to the end of the connection. */
    private static final Duration LAST = Duration.ofSeconds(2);

    private enum State {
        WAITING,
        READING,
        ANSWERING,
        SENDING,
        /** There is an answer, and it is not being taken. */
        UNREAD
    }

    private final Connections connections;
    private State state = State.WAITING;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Future<?> deadline;

    Guard(Connections connections) {
        this.connections = connections;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
        connections.add(this);
        enter(State.WAITING, REQUEST);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext removed) {
        enter(State.WAITING, null);
        connections.remove(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext reading, Object message) {
        if (state == State.WAITING) {
            enter(State.READING, REQUEST);
        }
        reading.fireChannelRead(message);
    }

    /** Whether nothing would be lost with the connection but a request that is not whole. */
    boolean isExpendable() {
        return state == State.WAITING || state == State.READING;
    }

    /** Whether its client was answered, and has not taken that for a while. */
    boolean isUnread() {
        return state == State.UNREAD;
    }

    void answering() {
        enter(State.ANSWERING, ANSWER);
    }

    /** The answer is on its way, which its client may hold up by not reading. */
    void sending() {
        enter(State.SENDING, TAKEN_AT_LEAST, this::unread);
    }

    private void unread() {
        enter(State.UNREAD, TAKEN.minus(TAKEN_AT_LEAST));
    }

    /** An answer without an end: whoever sends it watches over its progress. */
    void streaming() {
        enter(State.ANSWERING, null);
    }

    void answered() {
        enter(State.WAITING, IDLE);
    }

    /** All is said; the other end is given a moment to take it. */
    void finishing() {
        enter(State.READING, LAST);
    }

    void close() {
        ChannelHandlerContext added = context;
        if (added != null) {
            added.close();
        }
    }

    private void enter(State next, @Nullable Duration longest) {
        enter(next, longest, this::close);
    }

    private void enter(State next, @Nullable Duration longest, Runnable whenOver) {
        state = next;
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
        ChannelHandlerContext added = context;
        if (longest != null && added != null) {
            deadline = added.executor().schedule(whenOver, longest.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}

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

    /** From the end of a request to the end of its answer. */
    static final Duration ANSWER = Duration.ofSeconds(60);

    /** From the end of the last answer to the end of the connection. */
    private static final Duration LAST = Duration.ofSeconds(2);

    private enum State {
        WAITING,
        READING,
        ANSWERING
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
        return state != State.ANSWERING;
    }

    void answering() {
        enter(State.ANSWERING, ANSWER);
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
        state = next;
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
        ChannelHandlerContext added = context;
        if (longest != null && added != null) {
            deadline = added.executor().schedule(this::close, longest.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}

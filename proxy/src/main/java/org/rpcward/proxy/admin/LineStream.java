package org.rpcward.proxy.admin;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Lines on their way to one reader. What does not fit is left out and counted, so that a slow reader costs a bounded
 * number of lines, and whoever writes never waits. Thread-safe.
 */
final class LineStream {
    /** Lines that wait for the reader. */
    static final int CAPACITY = 1000;

    private final BlockingQueue<Object> waiting = new ArrayBlockingQueue<>(CAPACITY);
    private final LongAdder left = new LongAdder();
    private Runnable whenClosed = () -> {};
    private volatile boolean closed;

    /** Adds a record of the model, which is written as one line of JSON. */
    void add(Object line) {
        if (!waiting.offer(line)) {
            left.increment();
        }
    }

    /** Counts a line that was left out before it was made. */
    void leaveOut() {
        left.increment();
    }

    boolean hasRoom() {
        return waiting.remainingCapacity() > 0;
    }

    /** The next line, or null. */
    @Nullable
    Object poll() {
        return waiting.poll();
    }

    /** How many were left out since this was asked last. */
    long takeLeftOut() {
        return left.sumThenReset();
    }

    /** Runs something when nobody reads any more; at once when that is so already. */
    void whenClosed(Runnable action) {
        boolean now;
        synchronized (this) {
            whenClosed = action;
            now = closed;
        }
        if (now) {
            action.run();
        }
    }

    void close() {
        Runnable action;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            action = whenClosed;
        }
        action.run();
    }
}

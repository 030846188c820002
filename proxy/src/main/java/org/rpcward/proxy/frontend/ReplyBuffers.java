package org.rpcward.proxy.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Buffers for replies, used again in turn once what was in them has left: most replies are short, and leave with the batch
 * that they belong to. Used on one event loop.
 */
final class ReplyBuffers {
    /** More than the replies that wait for one system call. A power of two. */
    private static final int COUNT = 128;

    /** Room that most replies need, in bytes. */
    private static final int USUAL = 128;

    private final @Nullable ByteBuf[] ring = new @Nullable ByteBuf[COUNT];
    private int turn;
    private boolean closed;

    /** An empty one, to be released. */
    ByteBuf next() {
        if (closed) {
            return Unpooled.directBuffer(USUAL);
        }
        int place = turn++ & (COUNT - 1);
        ByteBuf buffer = ring[place];
        if (buffer == null || buffer.refCnt() != 1 || buffer.capacity() != USUAL) {
            // Still on its way, or grown for a long reply.
            if (buffer != null) {
                // Should there be no memory, nobody finds it here again.
                ring[place] = null;
                buffer.release();
            }
            buffer = Unpooled.directBuffer(USUAL);
            ring[place] = buffer;
        }
        return buffer.clear().retain();
    }

    /** Lets all of them go. */
    void close() {
        closed = true;
        for (int i = 0; i < COUNT; i++) {
            ByteBuf buffer = ring[i];
            if (buffer != null) {
                buffer.release();
                ring[i] = null;
            }
        }
    }
}

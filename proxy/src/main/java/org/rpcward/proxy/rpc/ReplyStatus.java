package org.rpcward.proxy.rpc;

import io.netty.buffer.ByteBuf;
import java.util.Locale;

/** What a reply says of its call (RFC 5531, section 9): {@code accept_stat}, or that it was denied. */
public enum ReplyStatus {
    SUCCESS,
    PROG_UNAVAIL,
    PROG_MISMATCH,
    PROC_UNAVAIL,
    GARBAGE_ARGS,
    SYSTEM_ERR,
    DENIED;

    /** In a reply: xid, {@code REPLY}, {@code reply_stat}. */
    private static final int REPLY_STAT_OFFSET = 8;

    /** In an accepted one, behind an empty verifier of two words. */
    private static final int ACCEPT_STAT_OFFSET = 20;

    private static final ReplyStatus[] BY_ACCEPT_STAT = {
        SUCCESS, PROG_UNAVAIL, PROG_MISMATCH, PROC_UNAVAIL, GARBAGE_ARGS, SYSTEM_ERR
    };

    private final String word = name().toLowerCase(Locale.ROOT);

    /** The word for it in metrics. */
    public String word() {
        return word;
    }

    /**
     * Reads it from a reply that {@link Replies} wrote.
     *
     * @param bytes how many bytes at the end of the buffer are the reply
     */
    public static ReplyStatus of(ByteBuf reply, int bytes) {
        int begin = reply.writerIndex() - bytes;
        return reply.getInt(begin + REPLY_STAT_OFFSET) == Rpc.MSG_DENIED
                ? DENIED
                : BY_ACCEPT_STAT[reply.getInt(begin + ACCEPT_STAT_OFFSET)];
    }
}

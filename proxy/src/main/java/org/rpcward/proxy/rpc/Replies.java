package org.rpcward.proxy.rpc;

import io.netty.buffer.ByteBuf;
import org.rpcward.policy.rpc.Procedure;

/** Writes the headers of replies (RFC 5531, section 9), always with an empty verifier. */
public final class Replies {
    private Replies() {}

    /** The header of an accepted call that succeeded; the results follow. 24 bytes. */
    public static void success(ByteBuf out, int xid) {
        accepted(out, xid, Rpc.SUCCESS);
    }

    /** An accepted call that failed, with what that status carries. 24 bytes, 32 for PROG_MISMATCH. */
    public static void error(ByteBuf out, int xid, int acceptStat) {
        accepted(out, xid, acceptStat);
        if (acceptStat == Rpc.PROG_MISMATCH) {
            out.writeInt(Procedure.LOWEST_PROTOCOL).writeInt(Procedure.HIGHEST_PROTOCOL);
        }
    }

    /** A call denied for its authentication. 20 bytes. */
    public static void denied(ByteBuf out, int xid, int authStat) {
        out.writeInt(xid)
                .writeInt(Rpc.REPLY)
                .writeInt(Rpc.MSG_DENIED)
                .writeInt(Rpc.AUTH_ERROR)
                .writeInt(authStat);
    }

    /**
     * The reply that a fault asks for.
     *
     * @throws IllegalArgumentException for a fault that has none
     */
    public static void fault(ByteBuf out, int xid, Fault fault) {
        switch (fault.answer()) {
            case DENIED -> denied(out, xid, fault.stat());
            case ACCEPTED -> error(out, xid, fault.stat());
            case NONE -> throw new IllegalArgumentException("no reply for " + fault);
        }
    }

    private static void accepted(ByteBuf out, int xid, int acceptStat) {
        out.writeInt(xid)
                .writeInt(Rpc.REPLY)
                .writeInt(Rpc.MSG_ACCEPTED)
                .writeInt(Rpc.AUTH_NONE)
                .writeInt(0)
                .writeInt(acceptStat);
    }
}

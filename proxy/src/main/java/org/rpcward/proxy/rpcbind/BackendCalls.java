package org.rpcward.proxy.rpcbind;

import io.netty.buffer.ByteBuf;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.rpc.Rpc;
import org.rpcward.proxy.xdr.XdrWriter;

/**
 * Writes the calls that leave for a backend. There is a method for each question that may be asked, and no other way to
 * write a call: what would change the backend, or make it call others, cannot be said.
 */
public final class BackendCalls {
    private BackendCalls() {}

    /** NULL. */
    public static void ping(ByteBuf out, int xid, int protocol) {
        header(out, xid, protocol, Procedure.NULL);
    }

    /** DUMP. */
    public static void dump(ByteBuf out, int xid, int protocol) {
        header(out, xid, protocol, Procedure.DUMP);
    }

    /** GETPORT, version 2. */
    public static void getPort(ByteBuf out, int xid, int program, int version, Netid netid) {
        header(out, xid, Procedure.LOWEST_PROTOCOL, Procedure.GETPORT);
        out.writeInt(program).writeInt(version).writeInt(netid.ipProtocol()).writeInt(0);
    }

    /** GETADDR, version 3, without a hint and without an owner. */
    public static void getAddress(ByteBuf out, int xid, int program, int version, Netid netid) {
        header(out, xid, 3, Procedure.GETADDR);
        out.writeInt(program).writeInt(version);
        XdrWriter.string(out, netid.word());
        XdrWriter.string(out, "");
        XdrWriter.string(out, "");
    }

    /** The header of RFC 5531, section 9, with an empty AUTH_NONE credential and verifier. */
    private static void header(ByteBuf out, int xid, int protocol, Procedure procedure) {
        out.writeInt(xid)
                .writeInt(Rpc.CALL)
                .writeInt(Rpc.RPC_VERSION)
                .writeInt(Procedure.PROGRAM)
                .writeInt(protocol)
                .writeInt(procedure.number())
                .writeLong(0)
                .writeLong(0);
    }
}

package org.rpcward.policy;

import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;

/**
 * One call as the rules see it.
 *
 * @param protocol the version of the portmapper protocol that is spoken, 2 to 4
 * @param program the program asked about, unsigned; without meaning where the procedure's class names none
 * @param version its version, unsigned
 */
public record Query(
        IpAddress source, Transport transport, int protocol, Procedure procedure, int program, int version) {

    /** A call that names no program. */
    public Query(IpAddress source, Transport transport, int protocol, Procedure procedure) {
        this(source, transport, protocol, procedure, 0, 0);
    }

    public boolean namesProgram() {
        return procedure.callClass().namesProgram();
    }

    public int slot() {
        return Slot.of(procedure, protocol, transport);
    }
}

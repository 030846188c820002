package org.rpcward.proxy.admin;

import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;

/** What a client sees of a verdict, in words. */
final class Effects {
    private Effects() {}

    static String of(Query query, Verdict verdict) {
        return switch (verdict) {
            case ALLOW -> "sees " + answer(query.procedure());
            case HIDE -> "sees " + hidden(query.procedure());
            case REFUSE -> "sees AUTH_TOOWEAK, 20 bytes: it gives up at once";
            case DROP ->
                query.transport() == Transport.UDP
                        ? "sees nothing: it waits and asks again, for up to a minute"
                        : "sees the connection end";
        };
    }

    private static String answer(Procedure procedure) {
        return switch (procedure) {
            case NULL -> "a success";
            case GETPORT -> "the port, or 0 when the program is not registered";
            case GETADDR, GETVERSADDR ->
                "the address, with the host that it asked, or \"\" when the program is not registered";
            case GETADDRLIST -> "the addresses, with the host that it asked";
            case DUMP -> "the rows of the view";
            case GETTIME -> "the time of rpcward's clock";
            case UADDR2TADDR, TADDR2UADDR -> "the address converted";
            case GETSTAT -> "how often rpcward was asked what, without program numbers";
            default -> "AUTH_TOOWEAK: this is never allowed";
        };
    }

    private static String hidden(Procedure procedure) {
        return switch (procedure) {
            case NULL -> "a success";
            case GETPORT -> "port 0: not registered";
            case GETADDR, GETVERSADDR -> "an empty address: not registered";
            case GETADDRLIST, DUMP -> "an empty list";
            case SET, UNSET -> "FALSE";
            case CALLIT, BCAST -> "nothing";
            case INDIRECT -> "PROG_UNAVAIL";
            default -> "PROC_UNAVAIL";
        };
    }
}

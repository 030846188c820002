package org.rpcward.proxy.admin;

import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpcbind.Results;

/**
 * Where clients ask.
 *
 * @param asked the address of this host
 * @param answers the addresses that stand in answers which are given there, unless the policy names others
 */
public record Door(String listener, Transport transport, IpAddress asked, Results.Asked answers) {
    /** How many leading bits of its address a client's has. */
    int bitsInCommon(IpAddress client) {
        int high = Long.numberOfLeadingZeros(asked.high() ^ client.high());
        return high < Long.SIZE ? high : high + Long.numberOfLeadingZeros(asked.low() ^ client.low());
    }
}

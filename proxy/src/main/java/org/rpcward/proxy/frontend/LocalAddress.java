package org.rpcward.proxy.frontend;

import java.net.InetSocketAddress;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.rpcbind.Results;

/**
 * An address at which a listener is reached.
 *
 * @param listener the listener's name
 * @param socketAddress what its sockets are bound to, with the scope of a link-local address
 * @param answerAddresses the address itself, and one of the other family on the same interface where there is one
 */
public record LocalAddress(
        String listener, InetSocketAddress socketAddress, IpAddress address, Results.Asked answerAddresses) {}

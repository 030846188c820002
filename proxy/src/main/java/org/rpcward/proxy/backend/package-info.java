/**
 * The client of a portmapper behind rpcward. Whatever a client of rpcward sent, what leaves here was written here: one
 * of the calls of {@link org.rpcward.proxy.rpcbind.BackendCalls}, with an xid of our own.
 *
 * <pre>
 *   BackendClient -> UdpConversation -> socket
 *                 -> TcpConversation -> socket
 *                       PendingCalls: xid -> BackendCall, deadline
 * </pre>
 *
 * All of it runs on one event loop, so that nothing here is locked.
 */
@NullMarked
package org.rpcward.proxy.backend;

import org.jspecify.annotations.NullMarked;

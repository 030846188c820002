/**
 * The assembly: a policy is read, addresses are found, sockets are bound, backends are connected; reload, drain, stop.
 *
 * <pre>
 *   PolicyFile -> Policy -> ProxyServer -+-> BindAddresses -> Sockets -> frontends
 *                                        +-> directories
 * </pre>
 *
 * This is the only place that knows all the others.
 */
@NullMarked
package org.rpcward.proxy.server;

import org.jspecify.annotations.NullMarked;

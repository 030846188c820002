/**
 * The assembly: a policy is read, addresses are found, sockets are bound, backends are connected; reload, drain, stop.
 *
 * <pre>
 *   PolicyFile -> Policy -> ProxyServer -+-> BindAddresses -> Sockets -> frontends
 *                                        +-> KernelKeeper -> KernelGuard: what the kernel does for the sockets
 *                                        +-> Directories -> backends
 *                                        +-> StateDirectory, BanKeeper: what outlives a restart
 *                                        +-> OverloadWatch -> LoadKeeper: what is done when there is too much to do
 *                                        +-> RunningProxy, MeasuredProxy: what admin server and metrics see of it
 *                                        +-> RunLog: what is told of the run as a whole
 * </pre>
 *
 * This is the only place that knows all the others.
 */
@NullMarked
package org.rpcward.proxy.server;

import org.jspecify.annotations.NullMarked;

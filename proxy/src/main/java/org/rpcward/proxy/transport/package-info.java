/** How bytes move: which of Netty's transports is used, and where records begin and end on a stream. */
@NullMarked
package org.rpcward.proxy.transport;

import org.jspecify.annotations.NullMarked;

/** External data representation (RFC 4506) over Netty's buffers. */
@NullMarked
package org.rpcward.proxy.xdr;

import org.jspecify.annotations.NullMarked;

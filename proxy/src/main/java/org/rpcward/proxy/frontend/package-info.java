/**
 * The listening side: how bytes become one message, and how a reply goes home.
 *
 * <pre>
 *   datagram             -> DatagramFrontend -+
 *                                             +-> PortmapService.handle(Exchange)
 *   stream -> RecordDecoder -> StreamFrontend -+
 * </pre>
 */
@NullMarked
package org.rpcward.proxy.frontend;

import org.jspecify.annotations.NullMarked;

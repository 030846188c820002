/**
 * The way of a call, from a whole message to its one outcome.
 *
 * <pre>
 *   Exchange -> CallDecoder -> RuleSet -> Directory -> RowFilter -> Results -> Exchange
 *   message     Call           Decision   rows         view         reply
 * </pre>
 *
 * {@link org.rpcward.proxy.service.PortmapService} is that line; UDP and TCP differ only in their {@link
 * org.rpcward.proxy.service.Exchange}.
 */
@NullMarked
package org.rpcward.proxy.service;

import org.jspecify.annotations.NullMarked;

/**
 * The RPC message layer (RFC 5531): one whole message in, a call or the fault that it has out; replies back.
 *
 * <pre>
 *   message -> CallDecoder -> Call(procedure, arguments) or Call(fault)
 *   Replies -> message
 * </pre>
 */
@NullMarked
package org.rpcward.proxy.rpc;

import org.jspecify.annotations.NullMarked;

/**
 * Where rpcward tells of itself and takes orders: a small HTTP server on the control socket and, read-only, on an address
 * of the policy. It has an event loop of its own, and everything in it is bounded, so that nobody who is here slows a
 * call.
 *
 * <pre>
 *   socket -> Guard -> HttpConnection -> Routes -> Views -> records -> Json
 *             bounds   one request       path      what     Status,
 *                      at a time                   is seen  RuleView, ...
 * </pre>
 *
 * The records are the one model that {@code rpcward ctl}, a page and tests read; {@link
 * org.rpcward.proxy.admin.ControlClient} is the other end of the socket.
 */
@NullMarked
package org.rpcward.proxy.admin;

import org.jspecify.annotations.NullMarked;

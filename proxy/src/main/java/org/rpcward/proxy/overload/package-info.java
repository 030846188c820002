/**
 * What to leave undone when there is more to do than can be done.
 *
 * <pre>
 *   Beat (each event loop) ----+
 *   Backlog (each UDP socket) -+-> values by Signal -> Ladder: level, reason -> Overload
 *   heap, memory, connections -+                                                  ^
 *                                              PortmapService, at the door -------+--> Established
 * </pre>
 */
@NullMarked
package org.rpcward.proxy.overload;

import org.jspecify.annotations.NullMarked;

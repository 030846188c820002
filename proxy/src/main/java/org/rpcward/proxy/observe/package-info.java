/**
 * What is seen of the proxy at work: counters and the log. Nothing here is asked for an opinion, and nothing here can
 * slow a call down.
 *
 * <pre>
 *   calls ----> CallLog ----+-> CallCounts, ReplyCounts -> Tally
 *                           +-> Suppression -> EventLog
 *   backends -> BackendLog -+-> BackendCounts
 *                           +-> EventLog -> EventSink
 *   caches ---> CacheCounts -> Tally
 * </pre>
 *
 * {@link org.rpcward.proxy.observe.Counters} are all counts together.
 */
@NullMarked
package org.rpcward.proxy.observe;

import org.jspecify.annotations.NullMarked;

/**
 * What can be seen of the proxy at work: counters and the log. Nothing here decides anything about a call, or makes it
 * wait.
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

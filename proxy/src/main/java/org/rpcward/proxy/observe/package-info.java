/**
 * What is seen of the proxy at work: counters and the log. Nothing here is asked for an opinion, and nothing here can
 * slow a call down.
 */
@NullMarked
package org.rpcward.proxy.observe;

import org.jspecify.annotations.NullMarked;

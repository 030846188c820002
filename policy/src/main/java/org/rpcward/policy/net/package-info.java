/** IP addresses, prefixes and sets of them, without sockets or name resolution. */
@NullMarked
package org.rpcward.policy.net;

import org.jspecify.annotations.NullMarked;

/**
 * The vocabulary that policy text and wire share: procedures, classes of calls, transports, program
 * numbers and sets of them (RFC 1833). Knows nothing of policies.
 */
@NullMarked
package org.rpcward.policy.rpc;

import org.jspecify.annotations.NullMarked;

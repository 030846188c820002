/**
 * The vocabulary that policy text and wire share: procedures, classes of calls, transports, program
 * numbers (RFC 1833).
 */
@NullMarked
package org.rpcward.policy.rpc;

import org.jspecify.annotations.NullMarked;

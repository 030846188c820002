/**
 * What portmapper and rpcbind say to each other and to clients (RFC 1833): mappings, universal addresses, the questions
 * that rpcward puts to a backend and the results that it gives to a client.
 */
@NullMarked
package org.rpcward.proxy.rpcbind;

import org.jspecify.annotations.NullMarked;

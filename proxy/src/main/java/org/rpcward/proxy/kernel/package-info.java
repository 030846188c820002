/**
 * Programs for the kernel, in classic BPF, made of sets of sources. Two kinds:
 *
 * <pre>
 *   filter of a socket       source in the set of those who can get nothing but silence?
 *                              yes -> one in {@link org.rpcward.proxy.kernel.SourceFilter#SAMPLE} passes, the rest is dropped
 *                              no  -> passes
 *   lanes of a group         source known?
 *                              yes -> one of the known lane's sockets, by a hash of the address
 *                              no  -> one of the other lane's sockets, by a hash of the prefix
 * </pre>
 *
 * A set that is too large for a program is cut to its largest ranges: a filter then drops less than it could, never more;
 * of the lanes, the known one then has some guests.
 */
@NullMarked
package org.rpcward.proxy.kernel;

import org.jspecify.annotations.NullMarked;

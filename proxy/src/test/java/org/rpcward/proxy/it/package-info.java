/**
 * The packaged distribution among real neighbours: rpcbind behind it, rpcinfo, showmount and nmap in front of it, each
 * on a host of its own that consists of Linux namespaces.
 *
 * <pre>
 *   client host            proxy host                    backend host
 *   c0 192.0.2.2    ----   s0 192.0.2.1    rpcward   b1  ----   b0 10.111.0.2  rpcbind
 *   c1 198.51.100.2 ----   s1 198.51.100.1           10.111.0.1
 * </pre>
 *
 * Every host is a tree of processes that ends with the JVM that started it, and its interfaces end with it: nothing is
 * left behind, however a test ends.
 */
@NullMarked
package org.rpcward.proxy.it;

import org.jspecify.annotations.NullMarked;

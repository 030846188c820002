/**
 * What the pieces of a call's way cost by themselves, and what each allocates. Compiled with the tests, run by {@code
 * deploy/bench --jmh} only.
 */
@NullMarked
package org.rpcward.proxy.jmh;

import org.jspecify.annotations.NullMarked;

/** The command line: one class a verb. */
@NullMarked
package org.rpcward.proxy.cli;

import org.jspecify.annotations.NullMarked;

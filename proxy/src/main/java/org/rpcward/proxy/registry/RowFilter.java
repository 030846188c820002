package org.rpcward.proxy.registry;

import org.rpcward.proxy.rpcbind.Mapping;

/** Which rows of a registry one client may see. */
@FunctionalInterface
public interface RowFilter {
    /** A client that may see nothing. */
    RowFilter NOTHING = row -> false;

    boolean shows(Mapping row);
}

package org.rpcward.proxy.registry;

import org.rpcward.proxy.rpcbind.Mapping;

/** Which rows of a registry one client may see. */
@FunctionalInterface
public interface RowFilter {
    boolean shows(Mapping row);
}

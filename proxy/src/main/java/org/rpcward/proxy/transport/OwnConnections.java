package org.rpcward.proxy.transport;

import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The local ends of rpcward's connections to backends. A connection that arrives from one of them is rpcward's own: the
 * backend is rpcward itself, or something leads back to it. Thread-safe; as small as there are backends.
 */
public final class OwnConnections {
    private final Set<InetSocketAddress> ends = ConcurrentHashMap.newKeySet();

    public void add(InetSocketAddress end) {
        ends.add(end);
    }

    public void remove(InetSocketAddress end) {
        ends.remove(end);
    }

    public boolean contains(InetSocketAddress end) {
        return ends.contains(end);
    }
}

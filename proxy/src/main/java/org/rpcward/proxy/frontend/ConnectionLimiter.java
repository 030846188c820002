package org.rpcward.proxy.frontend;

import java.util.HashMap;
import java.util.Map;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;

/** Counts the connections of one listener, in all and by source, and lets in as many as its policy allows. Thread-safe. */
public final class ConnectionLimiter {
    private final Map<IpAddress, Integer> bySource = new HashMap<>();
    private int open;

    /** Whether one more connection of this source may stay; if so, {@link #leave} has to be called at its end. */
    public synchronized boolean enter(IpAddress source, ListenerPolicy.Tcp limits) {
        int ofSource = bySource.getOrDefault(source, 0);
        if (open >= limits.maxConnections() || ofSource >= limits.maxPerSource()) {
            return false;
        }
        open++;
        bySource.put(source, ofSource + 1);
        return true;
    }

    public synchronized void leave(IpAddress source) {
        open--;
        bySource.computeIfPresent(source, (s, count) -> count == 1 ? null : count - 1);
    }

    /** How many are open. */
    public synchronized int open() {
        return open;
    }
}

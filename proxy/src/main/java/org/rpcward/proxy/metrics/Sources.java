package org.rpcward.proxy.metrics;

import java.util.Map;
import org.rpcward.policy.Policy;

/** What there is to be measured besides what is counted. Asked at each scrape, by the thread that scrapes. */
public interface Sources {
    /** The policy in force. */
    Policy policy();

    /** {@code epoll} or {@code nio}. */
    String transport();

    /** How many TCP connections are open, by listener. */
    Map<String, Integer> connections();
}

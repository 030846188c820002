package org.rpcward.proxy.metrics;

import java.util.Map;
import org.rpcward.policy.Policy;

/** A proxy that does nothing. */
final class FakeSources implements Sources {
    private Policy policy;

    FakeSources(Policy policy) {
        this.policy = policy;
    }

    void policy(Policy next) {
        policy = next;
    }

    @Override
    public Policy policy() {
        return policy;
    }

    @Override
    public String transport() {
        return "epoll";
    }

    @Override
    public Map<String, Integer> connections() {
        return Map.of();
    }
}

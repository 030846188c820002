package org.rpcward.proxy.limit;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/** A bucket for each listener, or for each rule: there are as many as the policy has names. */
final class NamedLedger implements Ledger {
    private final Allowance allowance;
    private final Map<String, TokenBucket> buckets = new ConcurrentHashMap<>();

    NamedLedger(Allowance allowance) {
        this.allowance = allowance;
    }

    @Override
    public boolean act(Act act, long amount, IpAddress source, String name, AddressSet known, long now) {
        TokenBucket bucket = buckets.get(name);
        if (bucket == null) {
            bucket = buckets.computeIfAbsent(name, n -> new TokenBucket(allowance, now));
        }
        synchronized (bucket) {
            return act.on(bucket, amount, now);
        }
    }

    /** Forgets the buckets of names that a policy no longer has. */
    void keep(Set<String> names) {
        buckets.keySet().retainAll(names);
    }

    @Override
    public int capacity() {
        return buckets.size();
    }
}

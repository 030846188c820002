package org.rpcward.proxy.observe;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendClient;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.RegistryChange;

/** Counts what is asked of backends, how their portmappers do, and what became of their registries. Thread-safe. */
public final class BackendCounts {
    private final EnumCounts<BackendResult.Status> results = new EnumCounts<>(BackendResult.Status.class);
    private final EnumCounts<RegistryChange.Kind> registryChanges = new EnumCounts<>(RegistryChange.Kind.class);
    private final LongAdder deviations = new LongAdder();
    private final Map<EndpointKey, EndpointCounts> endpoints = new ConcurrentHashMap<>();
    private final LongSupplier nanoClock;

    /** A portmapper of a backend. */
    public record EndpointKey(String backend, String endpoint) implements Comparable<EndpointKey> {
        @Override
        public int compareTo(EndpointKey other) {
            int byBackend = backend.compareTo(other.backend);
            return byBackend != 0 ? byBackend : endpoint.compareTo(other.endpoint);
        }
    }

    BackendCounts(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /** From now on the portmappers of this policy are counted. */
    synchronized void serve(Policy policy) {
        Set<EndpointKey> wanted = new LinkedHashSet<>();
        for (BackendPolicy backend : policy.backends().values()) {
            backend.endpoints().forEach(e -> wanted.add(new EndpointKey(backend.name(), e.toString())));
        }
        endpoints.keySet().retainAll(wanted);
        wanted.forEach(key -> endpoints.computeIfAbsent(key, k -> new EndpointCounts(nanoClock)));
    }

    /** Counts the questions to a portmapper, as long as the policy has it. */
    public BackendClient.Watcher watcher(String backend, String endpoint) {
        EndpointKey key = new EndpointKey(backend, endpoint);
        return new BackendClient.Watcher() {
            @Override
            public void asked() {
                EndpointCounts counts = endpoints.get(key);
                if (counts != null) {
                    counts.asked();
                }
            }

            @Override
            public void ended(Transport transport, BackendResult.Status status, long nanos) {
                EndpointCounts counts = endpoints.get(key);
                if (counts != null) {
                    counts.ended(transport, status, nanos);
                }
            }
        };
    }

    void asked(BackendResult.Status status) {
        results.add(status);
    }

    void turned(String backend, String endpoint, boolean up) {
        EndpointCounts counts = endpoints.get(new EndpointKey(backend, endpoint));
        if (counts != null) {
            counts.turned(up);
        }
    }

    void registryChanged(RegistryChange.Kind kind) {
        registryChanges.add(kind);
    }

    void deviated() {
        deviations.increment();
    }

    EnumCounts<BackendResult.Status> results() {
        return results;
    }

    EnumCounts<RegistryChange.Kind> registryChanges() {
        return registryChanges;
    }

    public long registryChanges(RegistryChange.Kind kind) {
        return registryChanges.sum(kind);
    }

    /** Expectations of the policy that were not met. */
    long deviations() {
        return deviations.sum();
    }

    /** How often portmappers of the policy were taken to be up, or down, from then on. */
    long turns(boolean up) {
        return endpoints.values().stream().mapToLong(e -> e.turns(up)).sum();
    }

    /** What is counted of each portmapper of the policy. */
    public Map<EndpointKey, EndpointCounts> endpoints() {
        return new TreeMap<>(endpoints);
    }
}

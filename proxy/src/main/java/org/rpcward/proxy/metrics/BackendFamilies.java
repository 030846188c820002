package org.rpcward.proxy.metrics;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.metrics.Family.Reader;
import org.rpcward.proxy.observe.BackendCounts;
import org.rpcward.proxy.observe.EndpointCounts;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.RegistryStore;

/** How portmappers do that stand behind rpcward. */
final class BackendFamilies {
    /** Portmappers with series of their own. */
    private static final int MAX_ENDPOINTS = 32;

    private static final List<String> ENDPOINT = List.of("backend", "endpoint");

    private BackendFamilies() {}

    static List<Family> of(BackendCounts backends, Sources sources) {
        return List.of(
                Family.gauge(
                        "rpcward_backend_up",
                        "Whether a portmapper is taken to be up, as it is until it fails to answer",
                        ENDPOINT,
                        ofEach(
                                backends,
                                (sink, counts, backend, endpoint) ->
                                        sink.count(counts.isUp() ? 1 : 0, backend, endpoint))),
                Family.counter(
                        "rpcward_backend_transitions_total",
                        "How often a portmapper was taken to be up or down from then on",
                        List.of("backend", "endpoint", "to"),
                        ofEach(backends, (sink, counts, backend, endpoint) -> {
                            sink.count(counts.turns(true), backend, endpoint, "up");
                            sink.count(counts.turns(false), backend, endpoint, "down");
                        })),
                Family.counter(
                        "rpcward_backend_down_seconds_total",
                        "How long a portmapper was taken to be down",
                        ENDPOINT,
                        ofEach(
                                backends,
                                (sink, counts, backend, endpoint) ->
                                        sink.value(counts.downSeconds(), backend, endpoint))),
                Family.counter(
                        "rpcward_backend_requests_total",
                        "Questions to a portmapper, by how they ended",
                        List.of("backend", "endpoint", "transport", "result"),
                        ofEach(backends, (sink, counts, backend, endpoint) -> {
                            for (Transport transport : Transport.values()) {
                                for (BackendResult.Status result : BackendResult.Status.values()) {
                                    sink.count(
                                            counts.questions(transport, result),
                                            backend,
                                            endpoint,
                                            transport.word(),
                                            result.word());
                                }
                            }
                        })),
                Family.histogram(
                        "rpcward_backend_duration_seconds",
                        "Time from a question to a portmapper to its end",
                        List.of("backend", "endpoint", "transport"),
                        ofEach(backends, (sink, counts, backend, endpoint) -> {
                            for (Transport transport : Transport.values()) {
                                sink.durations(counts.durations(transport), backend, endpoint, transport.word());
                            }
                        })),
                Family.gauge(
                        "rpcward_backend_inflight",
                        "Questions to a portmapper that wait for their answers",
                        ENDPOINT,
                        ofEach(
                                backends,
                                (sink, counts, backend, endpoint) -> sink.count(counts.inFlight(), backend, endpoint))),
                Family.gauge(
                        "rpcward_registry_age_seconds",
                        "Time since the registry of a backend was read; NaN as long as nothing is known",
                        List.of("backend"),
                        sink -> sources.policy().backends().values().stream()
                                .filter(backend -> !backend.endpoints().isEmpty())
                                .forEach(backend ->
                                        sink.value(age(sources.directories().get(backend.name())), backend.name()))),
                Family.counter(
                        "rpcward_registry_changes_total",
                        "Changes between two readings of a backend's registry",
                        List.of("change"),
                        sink -> {
                            for (RegistryChange.Kind kind : RegistryChange.Kind.values()) {
                                sink.count(backends.registryChanges(kind), kind.word());
                            }
                        }));
    }

    private static double age(@Nullable Directory directory) {
        RegistryStore.Kept known = directory == null ? null : directory.known();
        return known == null ? Double.NaN : known.age().toNanos() / 1e9;
    }

    private interface OfEndpoint {
        void read(Family.Sink sink, EndpointCounts counts, String backend, String endpoint);
    }

    private static Reader ofEach(BackendCounts backends, OfEndpoint reader) {
        return sink -> backends.endpoints().entrySet().stream()
                .limit(MAX_ENDPOINTS)
                .forEach(entry -> reader.read(
                        sink,
                        entry.getValue(),
                        entry.getKey().backend(),
                        entry.getKey().endpoint()));
    }
}

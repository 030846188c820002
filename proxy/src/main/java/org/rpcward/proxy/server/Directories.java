package org.rpcward.proxy.server;

import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.proxy.backend.BackendClient;
import org.rpcward.proxy.backend.BackendObserver;
import org.rpcward.proxy.backend.EndpointState;
import org.rpcward.proxy.backend.FailoverClient;
import org.rpcward.proxy.backend.Portmapper;
import org.rpcward.proxy.observe.Counters;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.FixedDirectory;
import org.rpcward.proxy.registry.ForwardDirectory;
import org.rpcward.proxy.registry.MirrorDirectory;
import org.rpcward.proxy.registry.RegistryStore;
import org.rpcward.proxy.service.Serving;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.TransportType;

/** Makes what stands behind a policy: a directory for each of its backends. */
final class Directories {
    private final TransportType transport;
    private final EventLoop loop;
    private final OwnConnections own;
    private final BackendObserver observer;
    private final Counters counters;
    private final RegistryStore store;

    /**
     * @param loop on which all backends are asked
     * @param own is told of the connections to backends
     * @param store what backends said before the start
     */
    Directories(
            TransportType transport,
            EventLoop loop,
            OwnConnections own,
            BackendObserver observer,
            Counters counters,
            RegistryStore store) {
        this.transport = transport;
        this.loop = loop;
        this.own = own;
        this.observer = observer;
        this.counters = counters;
        this.store = store;
    }

    /**
     * The directories of a policy, by the names of the backends. Those that are new are not started yet.
     *
     * @param old what served before, or null: a backend with the same settings keeps its directory
     */
    Map<String, Directory> of(Policy policy, @Nullable Serving old) {
        Map<String, Directory> directories = new HashMap<>();
        for (BackendPolicy backend : policy.backends().values()) {
            Directory same = old == null ? null : old.directoryOf(backend);
            directories.put(backend.name(), same != null ? same : directory(backend, old));
        }
        return directories;
    }

    private Directory directory(BackendPolicy backend, @Nullable Serving old) {
        if (backend.endpoints().isEmpty()) {
            return new FixedDirectory(backend.registry());
        }
        RegistryStore.Kept known = old == null ? null : old.knownOf(backend);
        Portmapper portmapper = new FailoverClient(
                backend,
                loop,
                observer,
                InstantSource.system(),
                (endpoint, on) -> new BackendClient(
                        socketAddress(endpoint),
                        backend.timeout(),
                        transport,
                        on,
                        own,
                        counters.backends().watcher(backend.name(), endpoint.toString())));
        MirrorDirectory mirror = new MirrorDirectory(
                backend,
                portmapper,
                System::nanoTime,
                observer,
                counters.caches(),
                known == null ? store : store.beginningWith(known));
        drainAgain(old == null ? null : old.directories().get(backend.name()), mirror);
        return backend.answers() == BackendPolicy.Answers.MIRROR
                ? mirror
                : new ForwardDirectory(backend, mirror, portmapper, System::nanoTime, counters.caches());
    }

    /** What was let rest stays so when the policy says something new of its backend. */
    private static void drainAgain(@Nullable Directory before, Directory now) {
        if (before != null) {
            before.endpoints().stream()
                    .filter(EndpointState::drained)
                    .forEach(endpoint -> now.drain(endpoint.address(), true));
        }
    }

    private static InetSocketAddress socketAddress(BackendPolicy.Endpoint endpoint) {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(endpoint.address().bytes()), endpoint.port());
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes, endpoint=" + endpoint, e);
        }
    }
}

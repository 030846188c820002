package org.rpcward.proxy.backend;

import io.netty.util.concurrent.EventExecutor;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/** What can be asked of a backend. The methods are called on its event loop, and the answers come there. */
public interface Portmapper {
    EventExecutor loop();

    /** Reads the whole registry. */
    void dump(Consumer<BackendResult<List<Mapping>>> then);

    /**
     * Asks for the port of a program, 0 for an absent one.
     *
     * @param transport how to ask
     */
    void port(int program, int version, Netid netid, Transport transport, Consumer<BackendResult<Integer>> then);

    /** Whether it can be asked for programs over IPv6: not at an IPv4 address. */
    boolean knowsV6();

    /** Whether some portmapper is about to be taken for up or down, which the next answers decide. */
    default boolean isTurning() {
        return false;
    }

    /** How the portmappers behind it do, in the order in which they are preferred. Callable from everywhere. */
    default List<EndpointState> endpoints() {
        return List.of();
    }

    /** Where the registry was read last; null when it was not yet. Callable from everywhere. */
    default @Nullable Reading lastReading() {
        return null;
    }

    /**
     * Lets a portmapper rest, or takes it back. Callable from everywhere.
     *
     * @param endpoint its address and port; null for all of them
     * @return false when there is no such portmapper
     */
    default boolean drain(@Nullable String endpoint, boolean drained) {
        return false;
    }

    void close();
}

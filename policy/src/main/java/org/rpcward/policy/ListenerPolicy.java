package org.rpcward.policy;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/**
 * Where rpcward listens, and for which backend.
 *
 * @param bind addresses, interface names, or {@link #EXTERNAL}, as written
 * @param workers sockets of each kind, each with an event loop; 0 for one per core
 * @param advertise the addresses, at most one of each family, that stand in answers instead of the one that was asked
 */
public record ListenerPolicy(
        String name,
        Place place,
        List<String> bind,
        int port,
        Set<Transport> transports,
        String backend,
        int workers,
        List<IpAddress> advertise,
        Tcp tcp) {
    /** In {@code bind}: every address of this host that is neither loopback nor link-local. */
    public static final String EXTERNAL = "external";

    public ListenerPolicy {
        bind = List.copyOf(bind);
        transports = Set.copyOf(transports);
        advertise = List.copyOf(advertise);
    }

    /**
     * Bounds of the connections of one listener.
     *
     * @param maxConnections at one time, all sources together
     * @param maxPerSource at one time, from one address
     * @param maxPerPrefix at one time, from one /24 or, of IPv6 addresses, one /56
     * @param newPerSecond new connections in a second, from all sources together; twice as many at once
     * @param newPerSource new connections in a second, from one address; five times as many at once
     * @param newPerPrefix likewise from one /24 or /56
     * @param idle how long a connection may stay without a whole call, and pending replies without progress
     * @param firstRecord how long after its beginning a connection must have sent a whole call
     * @param record how long after its first byte a call must be whole
     * @param life how long a connection may stay at all
     * @param maxRecord bytes of a call, over all fragments
     * @param maxPipelined calls read ahead of their replies; reading stops until some are answered
     * @param maxCalls calls in all; the connection ends with the reply to the last
     */
    public record Tcp(
            int maxConnections,
            int maxPerSource,
            int maxPerPrefix,
            int newPerSecond,
            int newPerSource,
            int newPerPrefix,
            Duration idle,
            Duration firstRecord,
            Duration record,
            Duration life,
            int maxRecord,
            int maxPipelined,
            int maxCalls) {
        /** As many calls as a connection's life lets in. */
        public static final int ANY_CALLS = 1_000_000_000;

        public static final Tcp DEFAULT = new Tcp(
                2048,
                16,
                2048,
                10_000,
                10_000,
                10_000,
                Duration.ofSeconds(15),
                Duration.ofSeconds(3),
                Duration.ofSeconds(5),
                Duration.ofMinutes(10),
                4096,
                64,
                ANY_CALLS);
    }
}

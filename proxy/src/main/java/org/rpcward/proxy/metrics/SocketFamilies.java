package org.rpcward.proxy.metrics;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.observe.CallCounts;

/** What comes in over TCP, and what the kernel keeps from the sockets. */
final class SocketFamilies {
    /** Groups of sockets with series of their own. */
    private static final int MAX_LANES = 48;

    private SocketFamilies() {}

    static List<Family> of(Sources sources) {
        return List.of(
                Family.gauge("rpcward_tcp_connections", "TCP connections that are open", List.of("listener"), sink -> {
                    Map<String, Integer> open = sources.connections();
                    listeners(sources)
                            .forEach(listener -> sink.count(open.getOrDefault(listener.name(), 0), listener.name()));
                }),
                Family.gauge(
                        "rpcward_tcp_connections_limit",
                        "TCP connections that the policy lets a listener have",
                        List.of("listener"),
                        sink -> listeners(sources)
                                .forEach(listener -> sink.count(listener.tcp().maxConnections(), listener.name()))),
                Family.counter(
                        "rpcward_tcp_connections_total",
                        "TCP connections that came, by what became of them at the door",
                        List.of("listener", "result"),
                        sink -> admissions(sources, sink)),
                Family.counter(
                        "rpcward_tcp_closed_total",
                        "TCP connections that ended, by why",
                        List.of("reason"),
                        sink -> sources.closes().forEach((reason, count) -> sink.count(count, reason))),
                Family.counter(
                        "rpcward_udp_socket_drops_total",
                        "Datagrams that the kernel dropped: by the filter made of the policy, which spares known sources, or for"
                                + " want of room in the queue",
                        List.of("listener", "lane"),
                        sink -> drops(sources, Transport.UDP)
                                .forEach(d -> sink.count(d.dropped(), d.listener(), d.lane()))),
                Family.counter(
                        "rpcward_tcp_socket_drops_total",
                        "Packets of TCP connections to be that the kernel dropped",
                        List.of("listener", "lane"),
                        sink -> drops(sources, Transport.TCP)
                                .forEach(d -> sink.count(d.dropped(), d.listener(), d.lane()))));
    }

    /** Also of listeners that have no series of their own, so that the sum is that of all connections. */
    private static void admissions(Sources sources, Family.Sink sink) {
        Map<String, Long> others = new TreeMap<>();
        int place = 0;
        for (String listener : sources.policy().listeners().keySet()) {
            Map<String, Long> admissions = sources.admissions(listener);
            if (place++ < CallCounts.MAX_LISTENERS) {
                admissions.forEach((result, count) -> sink.count(count, listener, result));
            } else {
                admissions.forEach((result, count) -> others.merge(result, count, Long::sum));
            }
        }
        others.forEach((result, count) -> sink.count(count, CallCounts.OVERFLOW, result));
    }

    private static List<ListenerPolicy> listeners(Sources sources) {
        return sources.policy().listeners().values().stream()
                .limit(CallCounts.MAX_LISTENERS)
                .toList();
    }

    private static List<Sources.Drops> drops(Sources sources, Transport transport) {
        return sources.drops().stream()
                .filter(d -> d.transport() == transport)
                .limit(MAX_LANES)
                .toList();
    }
}

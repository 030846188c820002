package org.rpcward.policy;

import java.time.Duration;
import java.util.List;
import org.rpcward.policy.net.IpAddress;

/**
 * Where answers come from: a portmapper, or a table in the policy.
 *
 * @param endpoints the portmappers that can be asked, in the order in which they are preferred; empty when {@code
 *     registry} stands in for them
 * @param registry the rows of a table in the policy; empty when there are endpoints
 * @param pins rows laid over what the portmapper says
 * @param expected rows that must be there
 * @param fresh how old the mirror of the registry may be
 * @param stale how long the last known registry answers when the portmapper does not
 * @param retry the shortest time between two readings of the registry because something was missing from it
 * @param health when an endpoint is taken to be up or down
 * @param timeout how long one question may take, its retransmission included
 */
public record BackendPolicy(
        String name,
        Place place,
        List<Endpoint> endpoints,
        List<Row> registry,
        List<Row> pins,
        List<Expectation> expected,
        Answers answers,
        Duration fresh,
        Duration stale,
        Duration retry,
        Duration timeout,
        Health health) {
    public BackendPolicy {
        registry = List.copyOf(registry);
        pins = List.copyOf(pins);
        endpoints = List.copyOf(endpoints);
        expected = List.copyOf(expected);
    }

    /** Whether another policy's backend is this one, wherever it stands in its text. */
    public boolean sameSettings(BackendPolicy other) {
        return equals(new BackendPolicy(
                other.name,
                place,
                other.endpoints,
                other.registry,
                other.pins,
                other.expected,
                other.answers,
                other.fresh,
                other.stale,
                other.retry,
                other.timeout,
                other.health));
    }

    /**
     * When an endpoint is taken to be up or down.
     *
     * @param rise answers in a row that bring it up
     * @param fall failures in a row that take it down
     */
    public record Health(int rise, int fall) {
        public static final Health DEFAULT = new Health(2, 3);
    }

    /**
     * A registration that must be there.
     *
     * @param serve whether it is answered as expected even if the backend says otherwise
     */
    public record Expectation(Row row, boolean serve) {}

    /** How lookups are answered. */
    public enum Answers {
        /** From a copy of the backend's registry. */
        MIRROR,
        /** By asking the backend, once the copy shows that the program is there. */
        FORWARD
    }

    /** An address and a port. */
    public record Endpoint(IpAddress address, int port) {
        @Override
        public String toString() {
            return (address.isV4() ? address.toString() : "[" + address + "]") + ":" + port;
        }
    }

    /**
     * A registration written in the policy.
     *
     * @param netid {@code udp}, {@code tcp}, {@code udp6} or {@code tcp6}
     * @param port 1 to 65535
     */
    public record Row(int program, int version, String netid, int port) {}
}

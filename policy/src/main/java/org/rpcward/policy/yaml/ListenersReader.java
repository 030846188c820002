package org.rpcward.policy.yaml;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads {@code listeners:}. */
final class ListenersReader {
    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9_.:-]{1,15}");
    private static final Pattern DOMAIN = Pattern.compile(".*\\.[A-Za-z]{2,}\\.?|localhost6?");

    private final Problems problems;
    private final Map<String, BackendPolicy> backends;
    private final Set<String> usedBackends = new LinkedHashSet<>();
    private final Map<String, String> bound = new HashMap<>();

    ListenersReader(Map<String, BackendPolicy> backends, Problems problems) {
        this.backends = backends;
        this.problems = problems;
    }

    Map<String, ListenerPolicy> read(Mapping top) {
        Map<String, ListenerPolicy> listeners = new LinkedHashMap<>();
        for (Mapping.Named named : top.named("listeners", "a listener")) {
            listeners.putIfAbsent(named.name(), listener(named));
        }
        Node value = top.value("listeners");
        if (value != null && top.isEmptyMap("listeners")) {
            problems.at(value, Code.MISSING_KEY, "there is no listener", "for example lan: { bind: external }");
        }
        return listeners;
    }

    /** The names of backends that some listener answers for. */
    Set<String> usedBackends() {
        return usedBackends;
    }

    private ListenerPolicy listener(Mapping.Named named) {
        String owner = "listener '" + named.name() + "'";
        Mapping mapping = new Mapping(named.value(), Keys.LISTENER, owner, named.key(), problems);
        int port = (int) mapping.quantity("port");
        Set<Transport> transports = transports(mapping);
        String backend = backend(mapping, owner);
        List<String> bind = bind(mapping, named.name(), port, transports, backends.get(backend));
        return new ListenerPolicy(
                named.name(),
                problems.source().placeOf(named.key()),
                bind,
                port,
                transports,
                backend,
                (int) mapping.quantity("workers", 0),
                advertise(mapping),
                tcp(mapping));
    }

    private Set<Transport> transports(Mapping mapping) {
        Set<Transport> transports = EnumSet.noneOf(Transport.class);
        mapping.words("transports").forEach(word -> transports.add(Transport.valueOf(word.toUpperCase(Locale.ROOT))));
        Node value = mapping.value("transports");
        if (transports.isEmpty() && value != null) {
            boolean emptyList = mapping.texts("transports").isEmpty();
            if (emptyList) {
                problems.at(value, Code.OUT_OF_BOUNDS, "'transports' needs udp, tcp or both");
            }
        }
        return transports.isEmpty() ? EnumSet.allOf(Transport.class) : transports;
    }

    private String backend(Mapping mapping, String owner) {
        ScalarNode node = mapping.text("backend");
        if (node == null) {
            Node at = mapping.keyNode("backend");
            if (backends.size() > 1 && mapping.isReadable() && at != null && !mapping.has("backend")) {
                String names =
                        String.join(", ", backends.keySet().stream().limit(8).toList());
                problems.at(
                        at, Code.MISSING_KEY, owner + " has no 'backend', and there are several", "one of " + names);
            }
            backends.keySet().stream().limit(1).forEach(usedBackends::add);
            return backends.keySet().stream().findFirst().orElse("");
        }
        String name = node.getValue();
        if (!backends.containsKey(name)) {
            String hint = Spelling.didYouMean(name, backends.keySet());
            problems.at(
                    node,
                    Code.UNKNOWN_BACKEND,
                    "unknown backend " + PlainText.quoted(name),
                    hint != null ? hint : "define it under 'backends:'");
        }
        usedBackends.add(name);
        return name;
    }

    private List<String> bind(
            Mapping mapping, String listener, int port, Set<Transport> transports, @Nullable BackendPolicy backend) {
        List<String> bind = new ArrayList<>();
        List<ScalarNode> nodes = mapping.texts("bind");
        for (ScalarNode node : nodes) {
            String text = node.getValue();
            Optional<IpAddress> address = IpAddress.parse(text);
            if (!isBindable(node, address)) {
                continue;
            }
            String canonical = address.map(IpAddress::toString).orElse(text);
            if (bind.contains(canonical)) {
                problems.at(node, Code.DUPLICATE_VALUE, PlainText.quoted(text) + " stands here twice");
                continue;
            }
            bind.add(canonical);
            for (Transport t : transports) {
                String other = bound.putIfAbsent(canonical + " " + port + " " + t, listener);
                if (other != null && !other.equals(listener)) {
                    problems.at(
                            node,
                            Code.BOUND_TWICE,
                            "listener '" + other + "' is on " + canonical + ", port " + port + ", " + t.word()
                                    + " already");
                }
            }
            if (address.isPresent() && backend != null) {
                checkLoop(node, address.get(), port, backend);
            }
        }
        Node value = mapping.value("bind");
        if (value != null && nodes.isEmpty() && !(value instanceof ScalarNode)) {
            problems.at(value, Code.OUT_OF_BOUNDS, "'bind' names no address", "for example bind: external");
        }
        return bind;
    }

    private boolean isBindable(ScalarNode node, Optional<IpAddress> address) {
        String text = node.getValue();
        if (address.isPresent()) {
            if (address.get().isMulticast()) {
                problems.at(node, Code.UNFIT_ADDRESS, "a multicast address cannot be bound");
                return false;
            }
            return true;
        }
        long colons = text.chars().filter(c -> c == ':').count();
        boolean number = text.matches("[0-9.]+") || colons > 1 || text.matches(".*[0-9]\\.[0-9]+:[0-9]+");
        if (number || !INTERFACE.matcher(text).matches() || DOMAIN.matcher(text).matches()) {
            AddressReader.Mistake mistake = mistakeIn(text);
            problems.at(node, mistake.code(), mistake.text(), mistake.hint());
            return false;
        }
        String near =
                text.equals(ListenerPolicy.EXTERNAL) ? null : Spelling.nearest(text, List.of(ListenerPolicy.EXTERNAL));
        if (near != null) {
            problems.at(
                    node, Code.BAD_ADDRESS, PlainText.quoted(text) + " is not an address", "did you mean 'external'?");
        }
        return near == null;
    }

    private static AddressReader.Mistake mistakeIn(String text) {
        if (text.equals("*")) {
            String hint = "all addresses are 0.0.0.0 and \"::\"";
            return new AddressReader.Mistake(Code.BAD_ADDRESS, "'*' is not an address", hint);
        }
        if (text.matches("[A-Za-z][A-Za-z0-9_-]{15,}")) {
            String said = PlainText.quoted(text) + " is neither an address nor the name of an interface";
            return new AddressReader.Mistake(Code.BAD_ADDRESS, said, "such a name has 15 characters at most");
        }
        AddressReader.Mistake mistake = AddressReader.mistakeIn(text, false);
        String hint = mistake.hint();
        return hint != null && hint.startsWith("without a port")
                ? new AddressReader.Mistake(mistake.code(), mistake.text(), hint + "; the port has a key of its own")
                : mistake;
    }

    private void checkLoop(ScalarNode node, IpAddress bind, int port, BackendPolicy backend) {
        for (BackendPolicy.Endpoint endpoint : backend.endpoints()) {
            if (endpoint.port() == port) {
                checkLoop(node, bind, endpoint, backend);
            }
        }
    }

    private void checkLoop(ScalarNode node, IpAddress bind, BackendPolicy.Endpoint endpoint, BackendPolicy backend) {
        if (bind.equals(endpoint.address())) {
            problems.at(
                    node,
                    Code.LOOP,
                    "the listener is at the address and port of its own backend '" + backend.name() + "'",
                    "bind other addresses, or move the backend to another port");
        } else if (bind.isWildcard() && endpoint.address().isLoopback()) {
            problems.at(
                    node,
                    Code.SAME_PORT,
                    "backend '" + backend.name() + "' answers on " + endpoint + ", which these addresses include",
                    "did you mean 'external'?");
        }
    }

    private List<IpAddress> advertise(Mapping mapping) {
        List<IpAddress> addresses = new ArrayList<>();
        for (ScalarNode node : mapping.texts("advertise")) {
            Optional<IpAddress> address = AddressReader.address(node, problems);
            if (address.isEmpty()) {
                continue;
            }
            IpAddress a = address.get();
            if (a.isLoopback() || a.isWildcard() || a.isMulticast()) {
                String kind = a.isLoopback() ? "loopback" : a.isWildcard() ? "wildcard" : "multicast";
                problems.at(node, Code.UNFIT_ADDRESS, "no client can reach a " + kind + " address");
            } else if (addresses.stream().anyMatch(other -> other.isV4() == a.isV4())) {
                problems.at(node, Code.UNFIT_ADDRESS, "only one address of each family can be advertised");
            } else {
                addresses.add(a);
            }
        }
        return addresses;
    }

    private ListenerPolicy.Tcp tcp(Mapping listener) {
        Mapping tcp = listener.map("tcp", Keys.TCP);
        if (tcp == null) {
            return ListenerPolicy.Tcp.DEFAULT;
        }
        int connections = (int) tcp.quantity("max_connections");
        int perSecond = (int) tcp.quantity("new_per_second");
        return new ListenerPolicy.Tcp(
                connections,
                atMost(tcp, "max_per_source", (int) tcp.quantity("max_per_source"), "max_connections", connections),
                atMost(tcp, "max_per_prefix", connections, "max_connections", connections),
                perSecond,
                atMost(tcp, "new_per_source", perSecond, "new_per_second", perSecond),
                atMost(tcp, "new_per_prefix", perSecond, "new_per_second", perSecond),
                Duration.ofMillis(tcp.quantity("idle")),
                Duration.ofMillis(tcp.quantity("first_record")),
                Duration.ofMillis(tcp.quantity("record")),
                Duration.ofMillis(tcp.quantity("life")),
                (int) tcp.quantity("max_record"),
                (int) tcp.quantity("max_pipelined"),
                (int) tcp.quantity("max_calls", ListenerPolicy.Tcp.ANY_CALLS));
    }

    /** A bound of a part, which cannot matter when it is written above that of the whole. */
    private int atMost(Mapping tcp, String key, int unlessWritten, String whole, int bound) {
        int value = (int) tcp.quantity(key, unlessWritten);
        ScalarNode node = tcp.text(key);
        if (node != null && value > bound) {
            problems.at(node, Code.NO_EFFECT, "'" + key + "' is above '" + whole + "', which is " + bound);
        }
        return value;
    }
}

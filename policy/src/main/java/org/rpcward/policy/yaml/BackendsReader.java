package org.rpcward.policy.yaml;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads {@code backends:}. */
final class BackendsReader {
    private static final int MOST_ROWS = 10_000;
    private static final int MOST_ENDPOINTS = 4;
    private static final int MOST_VERSIONS = 64;
    private static final int PORTMAPPER_PORT = 111;

    private final Problems problems;
    private final ProgramsReader programs;

    BackendsReader(ProgramsReader programs, Problems problems) {
        this.programs = programs;
        this.problems = problems;
    }

    Map<String, BackendPolicy> read(Mapping top) {
        Map<String, BackendPolicy> backends = new LinkedHashMap<>();
        for (Mapping.Named named : top.named("backends", "a backend")) {
            backends.putIfAbsent(named.name(), backend(named));
        }
        Node value = top.value("backends");
        if (value != null && top.isEmptyMap("backends")) {
            problems.at(
                    value,
                    Code.MISSING_KEY,
                    "there is no backend",
                    "for example legacy: { address: \"127.0.0.1:111\" }");
        }
        return backends;
    }

    private BackendPolicy backend(Mapping.Named named) {
        String owner = "backend '" + named.name() + "'";
        Mapping mapping = new Mapping(named.value(), Keys.BACKEND, owner, named.key(), problems);
        boolean table = mapping.has("registry");
        if (mapping.isMeant("registry") == mapping.isMeant("address") && mapping.isReadable()) {
            String text = table ? " has both 'address' and 'registry'" : " has neither 'address' nor 'registry'";
            problems.at(named.key(), Code.BACKEND_KIND, owner + text, "write one of them");
        }
        if (table) {
            for (String key : List.of("answers", "fresh", "stale", "retry", "timeout", "expect", "health")) {
                Node at = mapping.keyNode(key);
                if (mapping.has(key) && at != null) {
                    problems.at(at, Code.NO_EFFECT, "'" + key + "' has no effect on a registry", "delete it");
                }
            }
            Node pins = mapping.keyNode("pins");
            if (mapping.has("pins") && pins != null) {
                problems.at(
                        pins,
                        Code.BACKEND_KIND,
                        "'pins' are laid over a portmapper, not over a registry",
                        "write the rows under 'registry'");
            }
        }
        long fresh = mapping.quantity("fresh");
        long stale = mapping.quantity("stale");
        ScalarNode staleNode = mapping.text("stale");
        if (stale < fresh && staleNode != null) {
            problems.at(
                    staleNode,
                    Code.OUT_OF_BOUNDS,
                    "'stale' is shorter than 'fresh', which is " + Quantity.duration(fresh));
        }
        List<BackendPolicy.Row> registry = rows(mapping, "registry");
        if (table
                && registry.isEmpty()
                && mapping.value("registry") != null
                && mapping.items("registry").isEmpty()) {
            problems.at(
                    named.key(), Code.NO_EFFECT, "the registry of " + owner + " is empty: nobody will find anything");
        }
        return new BackendPolicy(
                named.name(),
                problems.source().placeOf(named.key()),
                endpoints(mapping),
                registry,
                rows(mapping, "pins"),
                expectations(mapping),
                BackendPolicy.Answers.valueOf(mapping.word("answers").toUpperCase(Locale.ROOT)),
                Duration.ofMillis(fresh),
                Duration.ofMillis(stale),
                Duration.ofMillis(mapping.quantity("retry")),
                Duration.ofMillis(mapping.quantity("timeout")),
                health(mapping));
    }

    private static BackendPolicy.Health health(Mapping backend) {
        Mapping health = backend.map("health", Keys.HEALTH);
        return health == null
                ? BackendPolicy.Health.DEFAULT
                : new BackendPolicy.Health((int) health.quantity("rise"), (int) health.quantity("fall"));
    }

    private List<BackendPolicy.Endpoint> endpoints(Mapping mapping) {
        List<BackendPolicy.Endpoint> endpoints = new ArrayList<>();
        List<ScalarNode> nodes = mapping.texts("address");
        Node value = mapping.value("address");
        if (value != null && nodes.isEmpty() && !(value instanceof ScalarNode)) {
            problems.at(value, Code.OUT_OF_BOUNDS, "'address' names no portmapper", "for example 127.0.0.1:111");
        }
        for (ScalarNode node : nodes) {
            BackendPolicy.Endpoint endpoint = endpoint(node);
            if (endpoint != null && endpoints.contains(endpoint)) {
                problems.at(node, Code.DUPLICATE_VALUE, PlainText.quoted(node.getValue()) + " stands here twice");
            } else if (endpoint != null) {
                endpoints.add(endpoint);
            }
            if (endpoints.size() > MOST_ENDPOINTS) {
                problems.at(node, Code.TOO_MANY, "a backend has " + MOST_ENDPOINTS + " addresses at most", null);
                return List.of();
            }
        }
        return endpoints;
    }

    private BackendPolicy.@Nullable Endpoint endpoint(ScalarNode node) {
        BackendPolicy.Endpoint endpoint =
                new EndpointReader(PORTMAPPER_PORT, "\"127.0.0.1:111\" or \"[2001:db8::1]:111\"", problems).read(node);
        if (endpoint != null
                && (endpoint.address().isWildcard() || endpoint.address().isMulticast())) {
            problems.at(node, Code.UNFIT_ADDRESS, "no portmapper can be asked at " + endpoint.address(), null);
            return null;
        }
        return endpoint;
    }

    private List<BackendPolicy.Expectation> expectations(Mapping backend) {
        Set<BackendPolicy.Row> served = new HashSet<>();
        List<BackendPolicy.Row> rows = rows(backend, "expect", Keys.EXPECTATION, served);
        return rows.stream()
                .map(row -> new BackendPolicy.Expectation(row, served.contains(row)))
                .toList();
    }

    private List<BackendPolicy.Row> rows(Mapping backend, String key) {
        return rows(backend, key, Keys.ROW, new HashSet<>());
    }

    /** @param served collects those that say 'then: serve' */
    private List<BackendPolicy.Row> rows(Mapping backend, String key, Section section, Set<BackendPolicy.Row> served) {
        List<BackendPolicy.Row> rows = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Node item : backend.items(key)) {
            Mapping row = new Mapping(item, section, "a row of '" + key + "'", item, problems);
            boolean serve = section.find("then") != null && row.word("then").equals("serve");
            for (BackendPolicy.Row r : expanded(row)) {
                if (!seen.add(r.program() + "/" + r.version() + "/" + r.netid())) {
                    String text = "program " + Integer.toUnsignedString(r.program()) + ", version "
                            + Integer.toUnsignedString(r.version()) + ", netid " + r.netid() + " stands in two rows";
                    problems.at(item, Code.DUPLICATE_VALUE, text, "the first one counts");
                } else {
                    rows.add(r);
                    if (serve) {
                        served.add(r);
                    }
                }
            }
            if (rows.size() > MOST_ROWS) {
                problems.at(item, Code.TOO_MANY, "'" + key + "' has more than " + MOST_ROWS + " rows", null);
                return List.of();
            }
        }
        return rows;
    }

    private List<BackendPolicy.Row> expanded(Mapping row) {
        ScalarNode programNode = row.text("program");
        Optional<Integer> program = programNode == null ? Optional.empty() : programs.program(programNode);
        List<Integer> versions = new ArrayList<>();
        for (ScalarNode node : row.texts("version")) {
            ProgramsReader.Versions range = programs.versions(node, node.getValue());
            if (range != null
                    && Integer.toUnsignedLong(range.last()) - Integer.toUnsignedLong(range.first()) >= MOST_VERSIONS) {
                problems.at(node, Code.TOO_MANY, "a row has " + MOST_VERSIONS + " versions at most", null);
            } else if (range != null) {
                for (long v = Integer.toUnsignedLong(range.first()); v <= Integer.toUnsignedLong(range.last()); v++) {
                    versions.add((int) v);
                }
            }
        }
        int port = (int) row.quantity("port", 0);
        List<BackendPolicy.Row> rows = new ArrayList<>();
        for (String netid : row.words("netid")) {
            for (int version : versions) {
                program.ifPresent(p -> rows.add(new BackendPolicy.Row(p, version, netid, port)));
            }
        }
        return rows;
    }
}

package org.rpcward.policy.yaml;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Clause;
import org.rpcward.policy.EnumerationPolicy.Reaction;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.LimitPolicy.Scope;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/*
 * What is written stays as it is written, with the names of groups, sets and files; what is not comes from the table of
 * keys. Defaults that are no values, such as "the address that was asked", and the built-in rules stand as comments, so
 * that the text loads again to the same policy.
 */
/** Writes a policy with every default filled in. */
final class EffectiveText {
    private static final int LONGEST_LINE = 100;

    private final Policy policy;
    private final YamlText out = new YamlText();

    private EffectiveText(Policy policy) {
        this.policy = policy;
    }

    static String of(Node root, Policy policy) {
        EffectiveText text = new EffectiveText(policy);
        text.policy((MappingNode) root);
        return text.out.toString();
    }

    private void policy(MappingNode top) {
        for (Key key : Keys.TOP.keys()) {
            Node value = value(top, key.name());
            switch (key.name()) {
                case "listeners" -> named(key, value, this::listener);
                case "backends" -> named(key, value, this::backend);
                case "groups", "programs" -> named(key, value, null);
                case "limits" -> named(key, value, this::limit);
                case "views" -> named(key, value, (name, view, depth) -> section(Keys.VIEW, view, depth));
                case "rules" -> rules(value);
                case "amplification" -> section(key, Keys.AMPLIFICATION, value, 0);
                case "log" -> section(key, Keys.LOG, value, 0);
                case "enumeration" -> enumeration(key, value);
                case "bans" -> bans(key, value);
                default -> entry(key, value, 0);
            }
        }
    }

    private interface Part {
        void write(String name, Node value, int depth);
    }

    /** A mapping of names that the policy chose; without a part, what they name stays as it was written. */
    private void named(Key key, @Nullable Node value, @Nullable Part part) {
        if (!(value instanceof MappingNode mapping)) {
            entry(key, value, 0);
            return;
        }
        out.key(key.name(), 0);
        if (mapping.getValue().isEmpty()) {
            out.inline("{}");
        }
        out.end();
        for (NodeTuple entry : mapping.getValue()) {
            String name = ((ScalarNode) entry.getKeyNode()).getValue();
            out.key(name, 1);
            if (part == null) {
                any(entry.getValueNode(), 1);
            } else {
                out.end();
                part.write(name, entry.getValueNode(), 2);
            }
        }
    }

    private void section(Key key, Section section, @Nullable Node value, int depth) {
        out.key(key.name(), depth);
        out.end();
        section(section, value, depth + 1);
    }

    /** The keys of a section: those that are written, and the defaults of the others. */
    private void section(Section section, @Nullable Node node, int depth) {
        for (Key key : section.keys()) {
            Node value = value(node, key.name());
            switch (section.name() + "/" + key.name()) {
                case "log/deny" -> section(key, Keys.DENY, value, depth);
                case "a listener/tcp" -> section(key, Keys.TCP, value, depth);
                case "a backend/health" -> section(key, Keys.HEALTH, value, depth);
                case "a limit/prefix" -> section(key, Keys.PREFIX, value, depth);
                default -> entry(key, value, depth);
            }
        }
    }

    private void entry(Key key, @Nullable Node value, int depth) {
        if (value != null) {
            out.key(key.name(), depth);
            any(value, depth);
        } else if (isValue(key)) {
            out.line(key.name() + ": " + key.byDefault(), depth);
        } else {
            out.line("# " + key.name() + ": " + key.byDefault(), depth);
        }
    }

    /** Whether a default is a value that a policy could write, not words about what happens without one. */
    private static boolean isValue(Key key) {
        return key.words().contains(key.byDefault()) || key.byDefault().matches("[0-9].*|\\[.*]");
    }

    private void listener(String name, Node node, int depth) {
        ListenerPolicy listener = Objects.requireNonNull(policy.listeners().get(name));
        for (Key key : Keys.LISTENER.keys()) {
            Node value = value(node, key.name());
            if (key.name().equals("tcp")) {
                section(key, Keys.TCP, value, depth);
            } else if (value == null && key.name().equals("backend")) {
                out.line("backend: " + YamlText.scalar(listener.backend()), depth);
            } else {
                entry(key, value, depth);
            }
        }
    }

    private void backend(String name, Node node, int depth) {
        BackendPolicy backend = Objects.requireNonNull(policy.backends().get(name));
        if (backend.endpoints().isEmpty()) {
            written(Keys.BACKEND, node, depth);
        } else {
            section(Keys.BACKEND, node, depth);
        }
    }

    private void limit(String name, Node node, int depth) {
        LimitPolicy limit = Objects.requireNonNull(policy.limits().get(name));
        boolean narrow = limit.per() == Scope.SOURCE || limit.per() == Scope.PREFIX;
        for (Key key : Keys.LIMIT.keys()) {
            Node value = value(node, key.name());
            if (value == null && key.name().equals("burst")) {
                out.line("burst: " + Quantity.burst(limit), depth);
            } else if (value == null && key.name().equals("in")) {
                out.line("in: " + (limit.unit() == LimitPolicy.Unit.CALLS ? "calls" : "reply-bytes"), depth);
            } else if (key.name().equals("prefix") && (value != null || narrow)) {
                section(key, Keys.PREFIX, value, depth);
            } else if (value != null
                    || (!key.name().equals("prefix") && !key.name().equals("rollup"))) {
                entry(key, value, depth);
            } else if (key.name().equals("rollup") && limit.per() == Scope.SOURCE) {
                entry(key, value, depth);
            }
        }
    }

    private void enumeration(Key key, @Nullable Node value) {
        if (value instanceof MappingNode) {
            section(key, Keys.ENUMERATION, value, 0);
        } else {
            entry(key, value, 0);
        }
    }

    private void bans(Key key, @Nullable Node value) {
        if (value != null || policy.enumeration().reaction() == Reaction.HINDER) {
            section(key, Keys.BANS, value, 0);
        } else {
            out.line("# bans: nothing bans of itself", 0);
        }
    }

    /** The rules in the order in which they are tried. */
    private void rules(@Nullable Node value) {
        Map<String, Node> written = new HashMap<>();
        if (value instanceof SequenceNode list) {
            for (Node item : list.getValue()) {
                if (value(item, "name") instanceof ScalarNode name) {
                    written.put(name.getValue(), item);
                }
            }
        }
        out.key("rules", 0);
        if (written.isEmpty()) {
            out.inline("[]");
        }
        out.end();
        for (Rule rule : policy.rules().rules()) {
            Node item = written.get(rule.name());
            if (item == null) {
                builtin(rule);
            } else {
                rule(rule, item);
            }
        }
    }

    private void builtin(Rule rule) {
        StringBuilder text = new StringBuilder("# - " + rule.name() + ": ");
        String and = "";
        for (Clause clause : rule.clauses()) {
            text.append(and).append(clause.key()).append(": ").append(clause.text());
            and = "; ";
        }
        out.line(text + "; then: " + rule.then().word(), 1);
    }

    private void rule(Rule rule, Node item) {
        out.line("- name: " + YamlText.scalar(rule.name()), 1);
        for (Key key : Keys.RULE.keys()) {
            Node value = value(item, key.name());
            if (!key.name().equals("name") && (value != null || key.words().contains(key.byDefault()))) {
                entry(key, value, 2);
            }
        }
    }

    /** The keys that are written, and no others. */
    private void written(Section section, Node node, int depth) {
        for (Key key : section.keys()) {
            Node value = value(node, key.name());
            if (value != null) {
                entry(key, value, depth);
            }
        }
    }

    /** A value as it was written, behind its key. */
    private void any(Node value, int depth) {
        String flow = YamlText.flow(value);
        if (flow.length() + out.column() < LONGEST_LINE || !(value instanceof SequenceNode list)) {
            out.inline(flow);
            out.end();
            return;
        }
        out.end();
        for (Node item : list.getValue()) {
            out.line("- " + YamlText.flow(item), depth + 1);
        }
    }

    private static @Nullable Node value(@Nullable Node node, String name) {
        List<NodeTuple> entries = node instanceof MappingNode mapping ? mapping.getValue() : List.of();
        for (NodeTuple entry : entries) {
            if (entry.getKeyNode() instanceof ScalarNode key && key.getValue().equals(name)) {
                return entry.getValueNode();
            }
        }
        return null;
    }
}

package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Builtin;
import org.rpcward.policy.Clause;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Place;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.View;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads {@code rules:}. */
final class RulesReader {
    /** How many rules a policy may have. */
    static final int MOST_RULES = 10_000;

    /**
     * How many ranges the sources of all rules may have, those of the same sources counted once: as many as are put in
     * order within the memory that rpcward runs in by default.
     */
    static final int MOST_RANGES = 500_000;

    private static final int LONGEST_NAME = 48;

    /** A rule with its text. */
    record Written(Rule rule, Mapping mapping, Node name) {}

    private final GroupsReader groups;
    private final ProgramsReader programs;
    private final CallsReader calls;
    private final Map<String, View> views;
    private final LimitsReader limits;
    private final Set<String> usedViews = new LinkedHashSet<>();
    private final Map<String, Node> names = new HashMap<>();
    private final Set<AddressSet> sources = new HashSet<>();
    private final Problems problems;
    private int ranges;

    RulesReader(
            GroupsReader groups,
            ProgramsReader programs,
            Map<String, View> views,
            LimitsReader limits,
            Problems problems) {
        this.groups = groups;
        this.programs = programs;
        this.calls = new CallsReader(problems);
        this.views = views;
        this.limits = limits;
        this.problems = problems;
    }

    /** The policy's rules in order, those included that take the place of built-in ones. */
    List<Written> read(Mapping top) {
        List<Written> rules = new ArrayList<>();
        List<Node> items = top.items("rules");
        for (Node item : items) {
            if (rules.size() == MOST_RULES) {
                problems.at(item, Code.TOO_MANY, "a policy has " + MOST_RULES + " rules at most");
                return rules;
            }
            Written rule = rule(item);
            if (rule != null) {
                rules.add(rule);
                if (!hasRoomFor(rule, item)) {
                    return rules;
                }
            }
        }
        return rules;
    }

    private boolean hasRoomFor(Written rule, Node item) {
        AddressSet those = RuleSet.sourcesOf(rule.rule());
        if (sources.add(those)) {
            ranges += those.size();
        }
        if (ranges > MOST_RANGES) {
            problems.at(
                    item,
                    Code.TOO_MANY,
                    "the rules up to this one name more than " + MOST_RANGES + " ranges of addresses",
                    "sources that several rules have alike count once: put them into one group");
        }
        return ranges <= MOST_RANGES;
    }

    Set<String> usedViews() {
        return usedViews;
    }

    private @Nullable Written rule(Node item) {
        if (YamlTree.isNull(item)) {
            problems.at(item, Code.WRONG_TYPE, "an empty item in the list of rules", "delete the '-'");
            return null;
        }
        Mapping mapping = new Mapping(item, Keys.RULE, "the rule", item, problems);
        if (!mapping.isReadable()) {
            return null;
        }
        ScalarNode nameNode = mapping.text("name");
        String name = nameNode == null ? "" : name(nameNode);
        Verdict then = Verdict.ofWord(mapping.word("then")).orElse(Verdict.DROP);
        ScalarNode thenNode = mapping.text("then");
        boolean decided =
                thenNode != null && Verdict.ofWord(thenNode.getValue()).isPresent();
        checkBuiltin(name, decided ? then : Verdict.DROP, thenNode);
        List<Clause> clauses = clauses(mapping, decided && then == Verdict.ALLOW);
        String view = view(mapping, decided ? then : Verdict.ALLOW);
        boolean full = mapping.word("over_udp").equals("full");
        Mode mode = Mode.valueOf(mapping.word("mode").toUpperCase(Locale.ROOT));
        List<LimitPolicy> charged = limits.charged(mapping, decided ? then : Verdict.ALLOW);
        Node at = nameNode == null ? item : nameNode;
        Place place = problems.source().placeOf(at);
        return new Written(
                new Rule(name, place, clauses, decided ? then : Verdict.DROP, mode, view, full, charged), mapping, at);
    }

    private String name(ScalarNode node) {
        String name = node.getValue();
        int length = name.codePointCount(0, name.length());
        boolean good = length >= 1
                && length <= LONGEST_NAME
                && name.equals(name.strip())
                && name.codePoints().allMatch(PlainText::isPlain);
        if (!good) {
            problems.at(
                    node,
                    Code.BAD_NAME,
                    PlainText.quoted(name) + " cannot be the name of a rule",
                    "1 to " + LONGEST_NAME + " printable characters on one line");
        } else if (name.equals(Rule.DEFAULT_NAME)) {
            problems.at(node, Code.BAD_NAME, "'default' is what no rule matches", "give the rule another name");
        } else if (name.startsWith(Rule.BUILTIN_PREFIX) && !Builtin.NAMES.contains(name)) {
            String hint = Spelling.didYouMean(name, Builtin.NAMES);
            problems.at(
                    node,
                    Code.BAD_NAME,
                    "there is no built-in rule " + PlainText.quoted(name),
                    hint != null ? hint : "they are " + String.join(", ", Builtin.NAMES));
        }
        Node first = names.putIfAbsent(name, node);
        if (first != null) {
            int line = problems.source().placeOf(first).line();
            problems.at(
                    node,
                    Code.DUPLICATE_RULE,
                    "there is a rule " + PlainText.quoted(name) + " already",
                    "in line " + line);
        }
        return name;
    }

    /** The built-in rules in front keep registrations and indirect calls out; what replaces one must not let them in. */
    private void checkBuiltin(String name, Verdict then, @Nullable ScalarNode thenNode) {
        boolean guard =
                name.equals(Builtin.REGISTER) || name.equals(Builtin.INDIRECT) || name.equals(Builtin.STRANGERS);
        if (guard && then == Verdict.ALLOW && thenNode != null) {
            problems.at(
                    thenNode,
                    Code.NEVER_ALLOWED,
                    "the rule in place of '" + name + "' cannot allow: it stands for calls that are never allowed",
                    "did you mean 'hide', 'refuse' or 'drop'?");
        }
    }

    private List<Clause> clauses(Mapping rule, boolean allow) {
        List<Clause> clauses = new ArrayList<>();
        addAll(clauses, rule, "", allow);
        if (allow && clauses.stream().noneMatch(c -> c.key().equals("call"))) {
            // Whatever stands before it: no rule that allows covers a call that must not be allowed.
            int after = clauses.isEmpty() ? 0 : 1;
            clauses.add(after, new Clause.Asked("call", "any", CallsReader.allowable()));
        }
        Mapping not = rule.map("not", Keys.NOT);
        if (not != null) {
            addAll(clauses, not, "not.", false);
        }
        return clauses;
    }

    private void addAll(List<Clause> clauses, Mapping mapping, String prefix, boolean allow) {
        boolean turned = !prefix.isEmpty();
        if (mapping.has("from")) {
            List<ScalarNode> items = mapping.texts("from");
            AddressSet sources = groups.sources(items);
            clauses.add(new Clause.Source(prefix + "from", text(items), turned ? sources.complement() : sources));
            checkAlone(items);
        }
        if (mapping.has("call")) {
            List<ScalarNode> items = mapping.texts("call");
            Set<Procedure> procedures = calls.procedures(items, allow);
            clauses.add(asked(prefix + "call", items, Slot.where((p, v, t) -> procedures.contains(p)), turned));
            checkAlone(items);
        }
        if (mapping.has("program")) {
            List<ScalarNode> items = mapping.texts("program");
            clauses.add(new Clause.Program(prefix + "program", text(items), programs.programs(items), turned));
            checkAlone(items);
        }
        if (mapping.has("protocol")) {
            List<ScalarNode> items = mapping.texts("protocol");
            BitSet protocols = calls.protocols(items);
            clauses.add(asked(prefix + "protocol", items, Slot.where((p, v, t) -> protocols.get(v)), turned));
            checkAlone(items);
        }
        if (mapping.has("over")) {
            List<ScalarNode> items = mapping.texts("over");
            Set<Transport> over = calls.transports(items);
            clauses.add(asked(prefix + "over", items, Slot.where((p, v, t) -> over.contains(t)), turned));
            checkAlone(items);
        }
    }

    private static Clause asked(String key, List<ScalarNode> items, BitSet slots, boolean turned) {
        if (turned) {
            slots.flip(0, Slot.COUNT);
        }
        return new Clause.Asked(key, text(items), slots);
    }

    /** {@code any} among other values makes them pointless. */
    private void checkAlone(List<ScalarNode> items) {
        if (items.size() > 1) {
            items.stream()
                    .filter(item -> item.getValue().equals(GroupsReader.ANY))
                    .findFirst()
                    .ifPresent(item ->
                            problems.at(item, Code.NO_EFFECT, "'any' makes the other values of this list pointless"));
        }
    }

    private static String text(List<ScalarNode> items) {
        StringBuilder out = new StringBuilder();
        for (ScalarNode item : items) {
            out.append(out.isEmpty() ? "" : ", ").append(item.getValue());
        }
        return PlainText.escaped(out.toString(), 200);
    }

    private @Nullable String view(Mapping rule, Verdict then) {
        ScalarNode node = rule.text("view");
        if (node == null) {
            return null;
        }
        String name = node.getValue();
        usedViews.add(name);
        if (!views.containsKey(name)) {
            String hint = Spelling.didYouMean(name, views.keySet());
            problems.at(
                    node,
                    Code.UNKNOWN_VIEW,
                    "unknown view " + PlainText.quoted(name),
                    hint != null ? hint : "define it under 'views:'");
        } else if (then != Verdict.ALLOW) {
            problems.at(
                    node,
                    Code.MISPLACED_VIEW,
                    "a rule that does not allow shows nothing, so it has no view",
                    "delete 'view'");
        }
        return name;
    }

    /** The rules that take the place of built-in ones, by name. */
    static Map<String, Rule> replacements(List<Written> rules) {
        Map<String, Rule> replacements = new LinkedHashMap<>();
        for (Written w : rules) {
            if (w.rule().isBuiltin()) {
                replacements.put(w.rule().name(), w.rule());
            }
        }
        return replacements;
    }
}

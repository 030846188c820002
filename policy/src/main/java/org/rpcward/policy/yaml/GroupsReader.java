package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads {@code groups:} and everything that is written in their terms. */
final class GroupsReader {
    static final String ANY = "any";

    /** How deep groups and sets of programs may be nested. */
    static final int DEEPEST = 16;

    /** A group as it is being worked out. */
    private static final class Group {
        private final Mapping.Named written;
        private boolean open;
        private @Nullable AddressSet sources;
        private int depth;

        Group(Mapping.Named written) {
            this.written = written;
        }
    }

    private final Problems problems;
    private final GroupFileReader files;
    private final Map<String, Group> groups = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();
    private int prefixes;

    GroupsReader(Mapping top, GroupFileReader files) {
        this.problems = top.problems();
        this.files = files;
        for (Mapping.Named named : top.named("groups", "a group")) {
            groups.putIfAbsent(named.name(), new Group(named));
        }
    }

    /** Works out every group, used or not, so that every mistake is found. */
    void readAll() {
        groups.values().forEach(group -> resolve(group, 1));
    }

    /** Groups that nothing names. */
    List<Mapping.Named> unused() {
        return groups.values().stream()
                .map(group -> group.written)
                .filter(written -> !used.contains(written.name()))
                .toList();
    }

    /** The addresses that are named by a list of groups and prefixes, or {@code any}. */
    AddressSet sources(List<ScalarNode> items) {
        for (ScalarNode item : items) {
            if (item.getValue().equals(ANY)) {
                return AddressSet.ALL;
            }
        }
        return union(items, null, 0);
    }

    private AddressSet resolve(Group group, int level) {
        if (group.sources != null) {
            return group.sources;
        }
        group.open = true;
        Node value = group.written.value();
        AddressSet sources = value instanceof MappingNode ? readMapping(group, level) : readList(group, value, level);
        group.open = false;
        group.sources = sources;
        return sources;
    }

    private AddressSet readList(Group group, Node value, int level) {
        String owner = "group '" + group.written.name() + "'";
        if (YamlTree.isNull(value)) {
            problems.at(
                    group.written.key(), Code.WRONG_TYPE, owner + " has no addresses", "for example [10.20.0.0/16]");
            return AddressSet.NONE;
        }
        return union(Mapping.texts(value, owner, "[10.20.0.0/16]", problems), group, level);
    }

    private AddressSet readMapping(Group group, int level) {
        String owner = "group '" + group.written.name() + "'";
        Mapping mapping = new Mapping(group.written.value(), Keys.GROUP, owner, group.written.key(), problems);
        boolean fromFile = mapping.isMeant("file");
        if (fromFile == mapping.isMeant("prefixes")) {
            String text = fromFile ? " has both 'file' and 'prefixes'" : " has neither 'prefixes' nor 'file'";
            problems.at(group.written.key(), Code.MISSING_KEY, owner + text, "write one of them");
            return AddressSet.NONE;
        }
        ScalarNode file = mapping.text("file");
        AddressSet all = file != null ? read(file) : union(mapping.texts("prefixes"), group, level);
        return mapping.has("except") ? all.minus(union(mapping.texts("except"), group, level)) : all;
    }

    private AddressSet read(ScalarNode file) {
        List<AddressPrefix> found = files.read(file, GroupFileReader.MOST_PREFIXES - prefixes);
        prefixes += found.size();
        return AddressSet.of(found);
    }

    private AddressSet union(List<ScalarNode> items, @Nullable Group around, int level) {
        List<AddressPrefix> literal = new ArrayList<>();
        Set<AddressPrefix> seen = new HashSet<>();
        Set<String> names = new LinkedHashSet<>();
        for (ScalarNode item : items) {
            String text = item.getValue();
            if (AddressReader.isMeantAsAddress(text)) {
                Optional<AddressPrefix> prefix = prefix(item);
                prefix.ifPresent(p -> {
                    if (!seen.add(p)) {
                        problems.at(item, Code.DUPLICATE_VALUE, PlainText.quoted(text) + " stands here twice");
                    }
                    literal.add(p);
                });
            } else if (isGroup(item, around) && !names.add(text)) {
                problems.at(item, Code.DUPLICATE_VALUE, "group " + PlainText.quoted(text) + " stands here twice");
            }
        }
        charge(literal.size(), items);
        AddressSet sources = literal.isEmpty() ? AddressSet.NONE : AddressSet.of(literal);
        for (String name : names) {
            AddressSet inner = inner(name, items, around, level);
            charge(
                    around == null || items.size() == 1
                            ? 0
                            : inner.v4().size() + inner.v6().size(),
                    items);
            sources = sources.isEmpty() ? inner : sources.union(inner);
        }
        return sources;
    }

    private AddressSet inner(String name, List<ScalarNode> items, @Nullable Group around, int level) {
        Group group = groups.get(name);
        if (group == null || prefixes > GroupFileReader.MOST_PREFIXES) {
            return AddressSet.NONE;
        }
        ScalarNode item = items.stream()
                .filter(i -> i.getValue().equals(name))
                .findFirst()
                .orElse(group.written.key());
        if (group.open) {
            problems.at(item, Code.CYCLE, "group '" + name + "' contains itself", null);
            return AddressSet.NONE;
        }
        if (level >= DEEPEST) {
            problems.at(item, Code.CYCLE, "groups are nested deeper than " + DEEPEST + " levels", null);
            return AddressSet.NONE;
        }
        AddressSet sources = resolve(group, level + 1);
        if (around != null) {
            around.depth = Math.max(around.depth, group.depth + 1);
            if (around.depth >= DEEPEST) {
                problems.at(item, Code.CYCLE, "groups are nested deeper than " + DEEPEST + " levels", null);
                around.depth = 0;
            }
        }
        return sources;
    }

    private boolean isGroup(ScalarNode item, @Nullable Group around) {
        String name = item.getValue();
        if (groups.containsKey(name)) {
            if (around == null || !around.written.name().equals(name)) {
                used.add(name);
            }
            return true;
        }
        if (name.equals(ANY)) {
            problems.at(item, Code.BAD_ADDRESS, "'any' cannot be a part of a group", "write 0.0.0.0/0 and \"::/0\"");
            return false;
        }
        reportUnknown(item);
        return false;
    }

    private void reportUnknown(ScalarNode item) {
        String name = item.getValue();
        String hint = problems.areManyAlready() ? null : Spelling.didYouMean(name, groups.keySet());
        if (hint == null && name.indexOf('.') > 0) {
            AddressReader.Mistake mistake = AddressReader.mistakeIn(name, true);
            problems.at(item, mistake.code(), mistake.text(), mistake.hint());
            return;
        }
        if (hint == null && ANY.equals(Synonyms.of(name))) {
            hint = "did you mean 'any'?";
        }
        if (hint == null) {
            hint = groups.isEmpty()
                    ? "there are no groups yet; define it under 'groups:'"
                    : "define it under 'groups:'";
        }
        problems.at(item, Code.UNKNOWN_GROUP, "unknown group " + PlainText.quoted(name), hint);
    }

    private Optional<AddressPrefix> prefix(ScalarNode item) {
        String text = item.getValue();
        Optional<AddressPrefix> prefix = AddressPrefix.parse(text);
        if (prefix.isEmpty()) {
            AddressReader.Mistake mistake = AddressReader.mistakeIn(text, true);
            problems.at(item, mistake.code(), mistake.text(), mistake.hint());
            return prefix;
        }
        AddressPrefix corrected = AddressReader.correctedPrefix(text, prefix.get());
        if (corrected != null) {
            problems.at(
                    item,
                    Code.HOST_BITS,
                    PlainText.quoted(text) + " has bits set beyond its length",
                    "it is read as " + corrected);
        }
        return prefix;
    }

    private void charge(int count, List<ScalarNode> items) {
        boolean before = prefixes > GroupFileReader.MOST_PREFIXES;
        prefixes += count;
        if (!before && prefixes > GroupFileReader.MOST_PREFIXES) {
            problems.at(
                    items.get(0),
                    Code.TOO_MANY,
                    "the groups have more than " + GroupFileReader.MOST_PREFIXES + " prefixes in all",
                    null);
        }
    }
}

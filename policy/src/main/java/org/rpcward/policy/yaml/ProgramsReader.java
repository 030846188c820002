package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Programs;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads {@code programs:} and everything that is written in their terms. */
final class ProgramsReader {
    /** Versions from first to last, both included; unsigned. */
    record Versions(int first, int last) {
        static final Versions ALL = new Versions(0, -1);
    }

    private static final Pattern RANGE = Pattern.compile("([0-9]{1,10})(?:-([0-9]{1,10}))?");
    private static final Pattern HEX = Pattern.compile("0[xX]([0-9a-fA-F]{1,8})");
    private static final long MOST = 0xffff_ffffL;

    /** How many entries all sets together may have, each counted wherever it is included. */
    private static final int MOST_ENTRIES = 100_000;

    /** A set as it is being worked out. */
    private static final class Family {
        private final Mapping.Named written;
        private boolean open;
        private @Nullable ProgramSet programs;
        private int depth;

        Family(Mapping.Named written) {
            this.written = written;
        }
    }

    private final Problems problems;
    private final Map<String, Family> families = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();
    private @Nullable List<String> candidates;
    private int entries;

    ProgramsReader(Mapping top) {
        this.problems = top.problems();
        for (Mapping.Named named : top.named("programs", "a set of programs")) {
            if (Programs.byName(named.name()).isPresent() || named.name().equals(Programs.DANGEROUS)) {
                problems.at(
                        named.key(),
                        Code.BAD_NAME,
                        "'" + named.name() + "' is the name of a "
                                + (named.name().equals(Programs.DANGEROUS) ? "ready-made set" : "program"),
                        "give the set a name of its own");
            } else {
                families.putIfAbsent(named.name(), new Family(named));
            }
        }
    }

    /** Works out every set, used or not, so that every mistake is found. */
    void readAll() {
        families.values().forEach(family -> resolve(family, 1));
    }

    /** Sets that nothing names. */
    List<Mapping.Named> unused() {
        return families.values().stream()
                .map(family -> family.written)
                .filter(written -> !used.contains(written.name()))
                .toList();
    }

    /** The programs of a list of names, numbers and sets, or {@code any}. */
    ProgramSet programs(List<ScalarNode> items) {
        for (ScalarNode item : items) {
            if (item.getValue().equals(GroupsReader.ANY)) {
                return ProgramSet.ALL;
            }
        }
        return union(items, null, 0);
    }

    /** The number of one program, by name or number, without versions. */
    Optional<Integer> program(ScalarNode node) {
        String text = node.getValue();
        Optional<Integer> number = number(text);
        if (number.isEmpty()) {
            number = Programs.byName(text).map(Programs.Entry::number);
        }
        if (number.isEmpty()) {
            boolean set = families.containsKey(text) || text.equals(Programs.DANGEROUS);
            problems.at(
                    node,
                    Code.UNKNOWN_PROGRAM,
                    (set ? "one program is wanted here, not the set " : "unknown program ") + PlainText.quoted(text),
                    set ? null : hintFor(text));
        }
        return number;
    }

    private ProgramSet resolve(Family family, int level) {
        if (family.programs != null) {
            return family.programs;
        }
        family.open = true;
        String owner = "set '" + family.written.name() + "'";
        ProgramSet programs = ProgramSet.NONE;
        if (YamlTree.isNull(family.written.value())) {
            problems.at(family.written.key(), Code.WRONG_TYPE, owner + " has no programs", "for example [nfs, mountd]");
        } else {
            programs = union(Mapping.texts(family.written.value(), owner, "[nfs, mountd]", problems), family, level);
        }
        family.open = false;
        family.programs = programs;
        return programs;
    }

    private ProgramSet union(List<ScalarNode> items, @Nullable Family around, int level) {
        if (around == null && items.size() == 1) {
            // The set itself, so that all rules that name it have the same one.
            return one(items.get(0), null, level);
        }
        List<ProgramSet.Range> ranges = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (ScalarNode item : items) {
            if (entries > MOST_ENTRIES) {
                problems.whole(
                        Code.TOO_MANY, "the sets of programs have more than " + MOST_ENTRIES + " entries in all");
                return ProgramSet.NONE;
            }
            if (!seen.add(item.getValue())) {
                problems.at(item, Code.DUPLICATE_VALUE, PlainText.quoted(item.getValue()) + " stands here twice");
            } else {
                List<ProgramSet.Range> found = one(item, around, level).ranges();
                entries += around == null ? 0 : found.size();
                ranges.addAll(found);
            }
        }
        return ProgramSet.of(ranges);
    }

    private ProgramSet one(ScalarNode item, @Nullable Family around, int level) {
        String text = item.getValue();
        int slash = text.indexOf('/');
        String name = slash < 0 ? text : text.substring(0, slash);
        Versions versions = slash < 0 ? Versions.ALL : versions(item, text.substring(slash + 1));
        if (versions == null) {
            return ProgramSet.NONE;
        }
        if (families.containsKey(name)) {
            return restricted(family(item, name, around, level), versions);
        }
        if (name.equals(Programs.DANGEROUS)) {
            return restricted(Programs.dangerous(), versions);
        }
        Optional<Integer> number = number(name);
        if (number.isEmpty()) {
            number = Programs.byName(name).map(Programs.Entry::number);
        }
        if (number.isEmpty()) {
            String hint =
                    name.equals(GroupsReader.ANY) ? "'any' cannot be a part of a set or have versions" : hintFor(name);
            problems.at(item, Code.UNKNOWN_PROGRAM, "unknown program " + PlainText.quoted(name), hint);
            return ProgramSet.NONE;
        }
        return ProgramSet.of(number.get(), versions.first(), versions.last());
    }

    private ProgramSet family(ScalarNode item, String name, @Nullable Family around, int level) {
        Family family = families.get(name);
        if (family == null) {
            return ProgramSet.NONE;
        }
        if (around != family) {
            used.add(name);
        }
        if (family.open) {
            problems.at(item, Code.CYCLE, "set '" + name + "' contains itself", null);
            return ProgramSet.NONE;
        }
        boolean deep = level >= GroupsReader.DEEPEST;
        ProgramSet programs = deep ? ProgramSet.NONE : resolve(family, level + 1);
        if (around != null) {
            around.depth = Math.max(around.depth, family.depth + 1);
            deep |= around.depth >= GroupsReader.DEEPEST;
        }
        if (deep) {
            problems.at(item, Code.CYCLE, "sets are nested deeper than " + GroupsReader.DEEPEST + " levels", null);
        }
        if (deep && around != null) {
            around.depth = 0;
        }
        return programs;
    }

    /** The set's programs in these versions only. Sets are made of single programs, so that this walks few of them. */
    private static ProgramSet restricted(ProgramSet programs, Versions versions) {
        if (versions.equals(Versions.ALL)) {
            return programs;
        }
        List<ProgramSet.Range> ranges = new ArrayList<>();
        for (ProgramSet.Range r : programs.ranges()) {
            for (long program = r.first() >>> 32; program <= r.last() >>> 32; program++) {
                ranges.add(new ProgramSet.Range(
                        ProgramSet.key((int) program, versions.first()),
                        ProgramSet.key((int) program, versions.last())));
            }
        }
        return ProgramSet.of(ranges).intersection(programs);
    }

    /** Reads {@code 3} or {@code 2-4}; notes what is wrong with it and gives null. */
    @Nullable
    Versions versions(ScalarNode node, String text) {
        Matcher m = RANGE.matcher(text);
        if (m.matches()) {
            long first = Long.parseLong(m.group(1));
            long last = m.group(2) == null ? first : Long.parseLong(m.group(2));
            if (first <= last && last <= MOST) {
                return new Versions((int) first, (int) last);
            }
        }
        String hint =
                m.matches() && m.group(2) != null ? "the smaller one comes first" : "for example 3, or 2-4 for a range";
        problems.at(node, Code.BAD_VERSIONS, PlainText.quoted(text) + " is not a version or a range of versions", hint);
        return null;
    }

    /** A program number, decimal or hexadecimal, up to 32 bits. */
    static Optional<Integer> number(String text) {
        Matcher hex = HEX.matcher(text);
        if (hex.matches()) {
            return Optional.of(Integer.parseUnsignedInt(hex.group(1), 16));
        }
        long value = Quantity.parseCount(text);
        return value < 0 || value > MOST ? Optional.empty() : Optional.of((int) value);
    }

    private @Nullable String hintFor(String name) {
        if (problems.areManyAlready()) {
            return null;
        }
        if (!name.isEmpty() && Character.isDigit(name.charAt(0)) && !name.startsWith("3270")) {
            return "a number goes from 0 to 4294967295, or 0xffffffff";
        }
        List<String> known = candidates;
        if (known == null) {
            known = new ArrayList<>(families.keySet());
            known.add(Programs.DANGEROUS);
            for (Programs.Entry e : Programs.all()) {
                known.add(e.name());
                known.addAll(e.aliases());
            }
            candidates = known;
        }
        String hint = Spelling.didYouMean(name, known);
        return hint != null ? hint : "write its number, or define a set under 'programs:'";
    }
}

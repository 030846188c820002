package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * A mapping of a policy with the keys that its section knows. Creating one notes keys that are unknown, missing or
 * without a value; reading a value notes what is wrong with it and then gives the default.
 */
final class Mapping {
    /** A value with the name that the policy gives it. */
    record Named(String name, ScalarNode key, Node value) {}

    private static final int LONGEST_NAME = 48;
    private static final String MERGE = "<<";

    private final Problems problems;
    private final Section section;
    private final @Nullable Node label;
    private final boolean readable;
    private final Set<String> meant;
    private final Map<String, NodeTuple> entries = new LinkedHashMap<>();

    /**
     * @param owner what the mapping describes, for messages: {@code listener 'lan'}
     * @param label where to point when a key is missing; null for the file as a whole
     */
    Mapping(Node node, Section section, String owner, @Nullable Node label, Problems problems) {
        this.problems = problems;
        this.section = section;
        this.label = label;
        this.readable = node instanceof MappingNode;
        if (!(node instanceof MappingNode mapping)) {
            problems.at(
                    node,
                    Code.WRONG_TYPE,
                    owner + " is a mapping, but " + foundIn(node) + " stands here",
                    "write keys and values: " + exampleOf(section));
            this.meant = Set.of(MERGE);
            return;
        }
        Set<String> meant = new HashSet<>();
        for (NodeTuple entry : mapping.getValue()) {
            if (entry.getKeyNode() instanceof ScalarNode keyNode) {
                read(keyNode, entry, meant);
            } else {
                reportKey(entry.getKeyNode());
            }
        }
        for (Key key : section.keys()) {
            boolean there = entries.containsKey(key.name()) || meant.contains(key.name()) || meant.contains(MERGE);
            if (key.required() && !there) {
                reportMissing(owner, key);
            }
        }
        this.meant = Set.copyOf(meant);
    }

    /** Takes an entry in, or notes what is wrong with its key and which key was probably meant. */
    private void read(ScalarNode keyNode, NodeTuple entry, Set<String> meant) {
        String name = keyNode.getValue();
        Key key = section.find(name);
        if (name.equals(MERGE)) {
            problems.at(keyNode, Code.YAML_FEATURE, "merge keys (<<) are not read", "write the keys out");
            meant.add(MERGE);
        } else if (key == null) {
            String suggestion = section.suggest(name);
            String hint = suggestion == null ? section.known() : "did you mean '" + suggestion + "'?";
            String text = "unknown key " + PlainText.quoted(name) + " in " + section.name();
            problems.at(keyNode, Code.UNKNOWN_KEY, text, hint);
            if (suggestion != null) {
                meant.add(suggestion);
            }
        } else if (YamlTree.isNull(entry.getValueNode()) && !isNullCall(key, entry.getValueNode())) {
            reportEmpty(keyNode);
            meant.add(name);
        } else {
            entries.putIfAbsent(name, entry);
        }
    }

    private void reportKey(Node key) {
        problems.at(key, Code.WRONG_TYPE, "a key is a single word, but " + foundIn(key) + " stands here");
    }

    /** {@code null} is the name of a procedure as well. */
    private static boolean isNullCall(Key key, Node value) {
        return key.name().equals("call")
                && value instanceof ScalarNode s
                && s.getValue().equalsIgnoreCase("null");
    }

    /** Whether a key is there, or something that was probably meant to be it. */
    boolean isMeant(String key) {
        return entries.containsKey(key) || meant.contains(key) || meant.contains(MERGE);
    }

    private void reportEmpty(ScalarNode keyNode) {
        Key key = section.get(keyNode.getValue());
        problems.at(
                keyNode,
                Code.WRONG_TYPE,
                "'" + key.name() + "' has no value",
                "for example " + key.name() + ": " + key.example());
    }

    private void reportMissing(String owner, Key key) {
        String text = owner + " has no '" + key.name() + "'";
        String hint = "for example " + key.name() + ": " + key.example();
        if (label == null) {
            problems.whole(Code.MISSING_KEY, text + "; " + hint);
        } else {
            problems.at(label, Code.MISSING_KEY, text, hint);
        }
    }

    private static String exampleOf(Section section) {
        Key first = section.keys().get(0);
        return first.name() + ": " + first.example();
    }

    static String foundIn(Node node) {
        if (node instanceof MappingNode) {
            return "a mapping";
        }
        return node instanceof SequenceNode ? "a list" : YamlTree.isNull(node) ? "nothing" : "a single value";
    }

    Problems problems() {
        return problems;
    }

    /** Whether this was a mapping at all. */
    boolean isReadable() {
        return readable;
    }

    /** Whether the value of a key is a mapping without entries. */
    boolean isEmptyMap(String key) {
        return value(key) instanceof MappingNode map && map.getValue().isEmpty();
    }

    boolean has(String key) {
        return entries.containsKey(key);
    }

    /** Where a key stands; the mapping's own place if it does not. */
    @Nullable
    Node keyNode(String key) {
        NodeTuple entry = entries.get(key);
        return entry == null ? label : entry.getKeyNode();
    }

    @Nullable
    Node value(String key) {
        NodeTuple entry = entries.get(key);
        return entry == null ? null : entry.getValueNode();
    }

    /** A number, or milliseconds, bytes or thousandths, as the kind of the key wants. */
    long quantity(String name) {
        Key key = section.get(name);
        return quantity(name, parse(key, key.byDefault()));
    }

    long quantity(String name, long absent) {
        Key key = section.get(name);
        ScalarNode node = text(name);
        if (node == null) {
            return absent;
        }
        String text = node.getValue();
        long value = parse(key, text);
        if (value < 0) {
            reportQuantity(node, key);
            return absent;
        }
        if (value < key.least() || value > key.most()) {
            problems.at(
                    node,
                    Code.OUT_OF_BOUNDS,
                    "'" + name + "' goes from " + key.write(key.least()) + " to " + key.write(key.most()));
            return absent;
        }
        return value;
    }

    private static long parse(Key key, String text) {
        return switch (key.kind()) {
            case DURATION -> Quantity.parseDuration(text);
            case SIZE -> Quantity.parseSize(text);
            case FACTOR -> Quantity.parseFactor(text);
            default -> Quantity.parseCount(text);
        };
    }

    private void reportQuantity(ScalarNode node, Key key) {
        String text = node.getValue();
        String name = "'" + key.name() + "'";
        String example = "for example " + key.name() + ": " + key.example();
        switch (key.kind()) {
            case DURATION -> {
                String meant = Quantity.meantDuration(text);
                String hint = meant == null ? example : "did you mean '" + meant + "'?";
                problems.at(
                        node, Code.BAD_UNIT, name + " is a whole number with one of the units ms, s, m, h, d", hint);
            }
            case SIZE -> {
                String meant = Quantity.meantSize(text);
                String hint = meant == null ? example : "did you mean '" + meant + "'?";
                problems.at(node, Code.BAD_UNIT, name + " is a whole number with one of the units B, KiB, MiB", hint);
            }
            case FACTOR -> problems.at(node, Code.BAD_NUMBER, name + " is a number without a sign or a unit", example);
            default -> {
                String orWord = key.words().isEmpty() ? "" : ", nor " + oneOf(key.words());
                problems.at(
                        node,
                        Code.BAD_NUMBER,
                        PlainText.quoted(text) + " is not a whole decimal number" + orWord,
                        example);
            }
        }
    }

    /** Whether a key has this word in the place of its usual value. */
    boolean says(String name, String word) {
        return value(name) instanceof ScalarNode node && node.getValue().equals(word);
    }

    /** One of the words that the key knows. */
    String word(String name) {
        Key key = section.get(name);
        ScalarNode node = text(name);
        return node != null && isWord(node, key) ? node.getValue() : key.byDefault();
    }

    /** Words that the key knows, each once; empty when the key is absent. */
    Set<String> words(String name) {
        Key key = section.get(name);
        Set<String> words = new LinkedHashSet<>();
        for (ScalarNode node : texts(name)) {
            if (isWord(node, key) && !words.add(node.getValue())) {
                problems.at(node, Code.DUPLICATE_VALUE, PlainText.quoted(node.getValue()) + " stands here twice");
            }
        }
        return words;
    }

    private boolean isWord(ScalarNode node, Key key) {
        if (key.words().contains(node.getValue())) {
            return true;
        }
        String meant = Spelling.nearest(node.getValue(), key.words());
        String synonym = meant == null ? Synonyms.of(node.getValue()) : meant;
        problems.at(
                node,
                Code.BAD_WORD,
                "'" + key.name() + "' is " + oneOf(key.words()) + ", not " + PlainText.quoted(node.getValue()),
                synonym != null && key.words().contains(synonym) ? "did you mean '" + synonym + "'?" : null);
        return false;
    }

    private static String oneOf(List<String> words) {
        return words.size() == 1
                ? words.get(0)
                : String.join(", ", words.subList(0, words.size() - 1)) + " or " + words.get(words.size() - 1);
    }

    /** A single value, or null when there is none. */
    @Nullable
    ScalarNode text(String name) {
        Node node = value(name);
        if (node == null || node instanceof ScalarNode) {
            return (ScalarNode) node;
        }
        reportType(node, section.get(name));
        return null;
    }

    /** The values of a list, or a single one; empty when there is none. */
    List<ScalarNode> texts(String name) {
        Node node = value(name);
        return node == null
                ? List.of()
                : texts(node, "'" + name + "'", section.get(name).example(), problems);
    }

    /** The values of a list, or a single one, wherever they stand. */
    static List<ScalarNode> texts(Node node, String owner, String example, Problems problems) {
        List<ScalarNode> texts = new ArrayList<>();
        if (node instanceof SequenceNode list) {
            for (Node item : list.getValue()) {
                if (item instanceof ScalarNode scalar
                        && (!YamlTree.isNull(item) || scalar.getValue().equalsIgnoreCase("null"))) {
                    texts.add(scalar);
                } else {
                    String hint = brokenAddress(item, problems.source())
                            ? "write an IPv6 address in quotes: \"2001:db8::/32\""
                            : "for example " + example;
                    problems.at(
                            item,
                            Code.WRONG_TYPE,
                            owner + " is a list of single values, but " + foundIn(item) + " stands here",
                            hint);
                }
            }
        } else if (node instanceof ScalarNode scalar) {
            texts.add(scalar);
        } else {
            problems.at(
                    node,
                    Code.WRONG_TYPE,
                    owner + " takes a value or a list of values, but a mapping stands here",
                    "for example " + example);
        }
        return texts;
    }

    private static boolean brokenAddress(Node node, Source source) {
        String line = source.line(source.placeOf(node).line());
        return node instanceof MappingNode && YamlSyntax.hasBareAddress(line);
    }

    private void reportType(Node node, Key key) {
        problems.at(
                node,
                Code.WRONG_TYPE,
                "'" + key.name() + "' takes " + key.kind().noun() + ", but " + foundIn(node) + " stands here",
                "for example " + key.name() + ": " + key.example());
    }

    /** The mapping under a key, or null when there is none. */
    @Nullable
    Mapping map(String name, Section inner) {
        NodeTuple entry = entries.get(name);
        return entry == null
                ? null
                : new Mapping(entry.getValueNode(), inner, "'" + name + "'", entry.getKeyNode(), problems);
    }

    /** The items of a list; a single value is a mistake. */
    List<Node> items(String name) {
        Node node = value(name);
        if (node instanceof SequenceNode list) {
            return list.getValue();
        }
        if (node != null) {
            reportType(node, section.get(name));
        }
        return List.of();
    }

    /** The entries of a mapping whose keys are names that the policy chooses; those with a bad name are left out. */
    List<Named> named(String name, String noun) {
        Node node = value(name);
        List<Named> found = new ArrayList<>();
        if (node instanceof MappingNode mapping) {
            for (NodeTuple entry : mapping.getValue()) {
                if (!(entry.getKeyNode() instanceof ScalarNode key)) {
                    reportKey(entry.getKeyNode());
                } else if (isName(key, noun)) {
                    found.add(new Named(key.getValue(), key, entry.getValueNode()));
                }
            }
        } else if (node != null) {
            reportType(node, section.get(name));
        }
        return found;
    }

    private boolean isName(ScalarNode key, String noun) {
        String name = key.getValue();
        if (name.equals(MERGE)) {
            problems.at(key, Code.YAML_FEATURE, "merge keys (<<) are not read", "write the entries out");
            return false;
        }
        boolean good = name.length() <= LONGEST_NAME && name.matches("[A-Za-z][A-Za-z0-9_.-]*") && !name.equals("any");
        if (!good) {
            problems.at(
                    key,
                    Code.BAD_NAME,
                    PlainText.quoted(name) + " cannot be the name of " + noun,
                    "a letter, then letters, digits, '-', '_' or '.', " + LONGEST_NAME + " at most; not 'any'");
        }
        return good;
    }
}

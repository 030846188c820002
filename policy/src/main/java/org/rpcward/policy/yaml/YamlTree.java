package org.rpcward.policy.yaml;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Place;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/*
 * A policy uses a part of YAML: one document of mappings, lists and scalars, with comments, and with anchors for those
 * who like them. A scalar is its text: whether "on", "0x10" or "1:30" would be a boolean, a number or a time elsewhere
 * is of no interest here, so nothing is resolved, and nothing is ever constructed from a tag.
 */
/** Text to YAML nodes, within bounds. */
final class YamlTree {
    /** How deep mappings and lists may be nested. The deepest key of a policy needs six levels. */
    static final int DEEPEST = 20;

    private static final int MOST_ALIASES = 50;

    private YamlTree() {}

    /** The root of the only document, or null if a problem or an empty text leaves none. */
    static @Nullable Node compose(Problems problems) {
        Source source = problems.source();
        LoaderOptions options = new LoaderOptions();
        options.setNestingDepthLimit(DEEPEST);
        options.setMaxAliasesForCollections(MOST_ALIASES);
        options.setCodePointLimit(Integer.MAX_VALUE);
        options.setProcessComments(false);
        try {
            Parser parser = new Spotter(new ParserImpl(new StreamReader(source.text()), options), problems);
            Node root = new Composer(parser, new Untyped(), options).getSingleNode();
            if (root == null || isNull(root)) {
                problems.whole(Code.EMPTY_FILE, "there is no policy in the file; it begins with 'version: 1'");
                return null;
            }
            return new Check(problems).isTree(root, new HashSet<>()) ? root : null;
        } catch (MarkedYAMLException e) {
            YamlSyntax.report(e, problems);
        } catch (YAMLException e) {
            problems.whole(Code.TOO_NESTED, YamlSyntax.boundOf(e));
        } catch (RuntimeException e) {
            // The scanner is known to let others escape on malformed escapes and directives.
            problems.whole(Code.YAML_SYNTAX, "the file cannot be read as YAML");
        }
        return null;
    }

    /** Nothing, {@code ~} or {@code null}, without quotation marks. */
    static boolean isNull(Node node) {
        return node instanceof ScalarNode s
                && s.getScalarStyle() == DumperOptions.ScalarStyle.PLAIN
                && (s.getValue().isEmpty()
                        || s.getValue().equals("~")
                        || s.getValue().equalsIgnoreCase("null"));
    }

    private static final class Untyped extends Resolver {
        @Override
        protected void addImplicitResolvers() {
            // None: a scalar is its text.
        }

        @Override
        public Tag resolve(NodeId kind, String value, boolean implicit) {
            return kind == NodeId.scalar ? Tag.STR : kind == NodeId.sequence ? Tag.SEQ : Tag.MAP;
        }
    }

    /** Notes tags and directives on their way from parser to composer. */
    private static final class Spotter implements Parser {
        private final Parser parser;
        private final Problems problems;

        Spotter(Parser parser, Problems problems) {
            this.parser = parser;
            this.problems = problems;
        }

        @Override
        public boolean checkEvent(Event.ID choice) {
            return parser.checkEvent(choice);
        }

        @Override
        public Event peekEvent() {
            return parser.peekEvent();
        }

        @Override
        public Event getEvent() {
            Event event = parser.getEvent();
            boolean tagged = (event instanceof ScalarEvent s && s.getTag() != null)
                    || (event instanceof CollectionStartEvent c && c.getTag() != null);
            if (tagged) {
                note(event, "a tag has no meaning in a policy", "write the value alone");
            }
            boolean directed = event instanceof DocumentStartEvent d
                    && (d.getVersion() != null
                            || (d.getTags() != null && !d.getTags().isEmpty()));
            if (directed) {
                note(event, "a %-directive has no meaning in a policy", "delete the line");
            }
            return event;
        }

        private void note(Event event, String text, String hint) {
            Source source = problems.source();
            Place place = source.placeOf(event.getStartMark());
            String line = source.line(place.line());
            int from = line.offsetByCodePoints(0, place.column() - 1);
            int to = from;
            while (to < line.length() && !Character.isWhitespace(line.charAt(to))) {
                to++;
            }
            problems.at(source, place, Math.max(1, line.codePointCount(from, to)), Code.YAML_FEATURE, text, hint);
        }
    }

    /** Looks at every node once, however many aliases lead to it. */
    private static final class Check {
        private final Problems problems;
        private final Set<Node> seen = new HashSet<>();

        Check(Problems problems) {
            this.problems = problems;
        }

        /** Whether no node is inside itself. */
        boolean isTree(Node node, Set<Node> around) {
            if (around.contains(node)) {
                problems.at(node, Code.TOO_NESTED, "this contains itself, by an alias");
                return false;
            }
            if (node instanceof ScalarNode || !seen.add(node)) {
                return true;
            }
            around.add(node);
            boolean tree = true;
            if (node instanceof MappingNode mapping) {
                checkKeys(mapping);
                for (NodeTuple entry : mapping.getValue()) {
                    tree &= isTree(entry.getKeyNode(), around) && isTree(entry.getValueNode(), around);
                }
            } else if (node instanceof SequenceNode sequence) {
                for (Node item : sequence.getValue()) {
                    tree &= isTree(item, around);
                }
            }
            around.remove(node);
            return tree;
        }

        private void checkKeys(MappingNode mapping) {
            Map<String, Node> keys = new HashMap<>();
            List<NodeTuple> entries = mapping.getValue();
            for (NodeTuple entry : entries) {
                if (entry.getKeyNode() instanceof ScalarNode key) {
                    Node first = keys.putIfAbsent(key.getValue(), key);
                    if (first != null) {
                        int line = problems.source().placeOf(first).line();
                        problems.at(
                                key,
                                Code.DUPLICATE_KEY,
                                PlainText.quoted(key.getValue()) + " stands here twice",
                                "the first is in line " + line);
                    }
                }
            }
        }
    }
}

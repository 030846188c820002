package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** A text of YAML while it is being written, and values on one line. */
final class YamlText {
    /** What means itself, wherever in YAML it stands without quotation marks. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_/](?:[A-Za-z0-9_/.+ -]*[A-Za-z0-9_/.+-])?");

    private final StringBuilder text = new StringBuilder();
    private int begin;

    /** Begins a line with a key. */
    void key(String name, int depth) {
        text.append("  ".repeat(depth)).append(scalar(name)).append(':');
    }

    /** Puts a value on the line that a key began. */
    void inline(String value) {
        text.append(' ').append(value);
    }

    void line(String line, int depth) {
        text.append("  ".repeat(depth)).append(line);
        end();
    }

    void end() {
        text.append('\n');
        begin = text.length();
    }

    /** How far the line has come. */
    int column() {
        return text.length() - begin;
    }

    @Override
    public String toString() {
        return text.toString();
    }

    static String flow(Node node) {
        List<String> parts = new ArrayList<>();
        if (node instanceof SequenceNode list) {
            list.getValue().forEach(item -> parts.add(flow(item)));
            return "[" + String.join(", ", parts) + "]";
        }
        if (node instanceof MappingNode mapping) {
            for (NodeTuple entry : mapping.getValue()) {
                parts.add(flow(entry.getKeyNode()) + ": " + flow(entry.getValueNode()));
            }
            return parts.isEmpty() ? "{}" : "{ " + String.join(", ", parts) + " }";
        }
        return scalar(((ScalarNode) node).getValue());
    }

    /** A text that reads as itself, in quotation marks where it would not without them. */
    static String scalar(String value) {
        if (PLAIN.matcher(value).matches() && !value.equalsIgnoreCase("null")) {
            return value;
        }
        StringBuilder quoted = new StringBuilder("\"");
        value.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
            } else if (PlainText.isPlain(c)) {
                quoted.appendCodePoint(c);
            } else {
                quoted.append(String.format("\\U%08x", c));
            }
        });
        return quoted.append('"').toString();
    }
}

package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.rpcward.policy.Place;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.Node;

/*
 * Lines end at a line feed, a carriage return, or both, as in an editor. SnakeYAML also counts U+0085, U+2028 and
 * U+2029 as ends of lines, so that its own line numbers are not used: a place is found from its index, which counts
 * characters (code points).
 */
/** The text of a file, by lines. */
final class Source {
    private final String file;
    private final String text;
    private final String[] lines;
    private final int[] starts;

    Source(String file, String text) {
        this.file = file;
        this.text = text;
        List<String> found = new ArrayList<>();
        List<Integer> indexes = new ArrayList<>();
        int begin = 0;
        int beginIndex = 0;
        while (begin <= text.length()) {
            int end = begin;
            while (end < text.length() && text.charAt(end) != '\n' && text.charAt(end) != '\r') {
                end++;
            }
            found.add(text.substring(begin, end));
            indexes.add(beginIndex);
            int next = text.startsWith("\r\n", end) ? end + 2 : end + 1;
            beginIndex += text.codePointCount(begin, end) + (next - end);
            begin = next;
        }
        this.lines = found.toArray(String[]::new);
        this.starts = indexes.stream().mapToInt(Integer::intValue).toArray();
    }

    String file() {
        return file;
    }

    String text() {
        return text;
    }

    List<String> lines() {
        return List.of(lines);
    }

    /** The line of this number, from 1. */
    String line(int number) {
        return number <= lines.length ? lines[number - 1] : "";
    }

    Place placeOf(Mark mark) {
        return placeAt(mark.getIndex());
    }

    private Place placeAt(int index) {
        int found = Arrays.binarySearch(starts, index);
        int line = found >= 0 ? found : -found - 2;
        return new Place(file, line + 1, index - starts[line] + 1);
    }

    /** Where a node begins; its anchor, if it has one, counts as a part of it. */
    Place placeOf(Node node) {
        return placeOf(node.getStartMark());
    }

    /** How many characters of its first line a node takes, at least 1. */
    int widthOf(Node node) {
        Place from = placeOf(node);
        Place to = placeOf(node.getEndMark());
        if (to.line() == from.line()) {
            return Math.max(1, to.column() - from.column());
        }
        String line = line(from.line()).stripTrailing();
        return Math.max(1, line.codePointCount(0, line.length()) - from.column() + 1);
    }
}

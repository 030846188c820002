package org.rpcward.policy.yaml;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Place;

/**
 * One thing that is wrong with a policy, or doubtful. All its texts are on one line and free of control characters,
 * whatever stands in the file.
 *
 * @param width how many characters from its place on are meant; 0 when the file as a whole is
 * @param code as documented: {@code E112}
 * @param text one sentence without a full stop
 * @param hint what to do about it, or null
 * @param excerpt the line of the file, cut to {@link #LONGEST_EXCERPT} characters round the place; empty when the file
 *     as a whole is meant
 */
public record Problem(
        Place place,
        int width,
        Severity severity,
        String code,
        String text,
        @Nullable String hint,
        String excerpt) {
    /** The longest excerpt, in characters. */
    public static final int LONGEST_EXCERPT = 120;

    private static final int BEFORE = 40;
    private static final int GUTTER = 5;
    private static final String CUT = "...";

    /** By file, line and column. */
    public static final Comparator<Problem> BY_PLACE = Comparator.comparing(
                    (Problem p) -> p.place().file())
            .thenComparingInt(p -> p.place().line())
            .thenComparingInt(p -> p.place().column())
            .thenComparing(Problem::severity)
            .thenComparing(Problem::code)
            .thenComparing(Problem::text);

    /** What is shown of a line for a place in it. */
    static String excerptOf(String line, int column) {
        int length = line.codePointCount(0, line.length());
        int from = firstShown(column);
        int to = Math.min(length, from + LONGEST_EXCERPT);
        String middle = line.substring(line.offsetByCodePoints(0, from), line.offsetByCodePoints(0, to));
        return (from > 0 ? CUT : "") + PlainText.inColumns(middle).stripTrailing() + (to < length ? CUT : "");
    }

    private static int firstShown(int column) {
        return column <= LONGEST_EXCERPT - BEFORE ? 0 : column - 1 - BEFORE;
    }

    /** One to three lines: place and text, the line of the file, a caret with the hint. Ends with a line feed. */
    public String render() {
        StringBuilder out = new StringBuilder();
        out.append(PlainText.escaped(place.file(), 200))
                .append(':')
                .append(place.line())
                .append(':');
        out.append(place.column())
                .append(": ")
                .append(severity.word())
                .append('[')
                .append(code)
                .append("]: ");
        out.append(text).append('\n');
        if (excerpt.isEmpty()) {
            return hint == null
                    ? out.toString()
                    : out.insert(out.length() - 1, " (" + hint + ")").toString();
        }
        String number = Integer.toString(place.line());
        int gutter = Math.max(GUTTER, number.length());
        out.append(" ".repeat(gutter - number.length()))
                .append(number)
                .append(" | ")
                .append(excerpt)
                .append('\n');
        int from = firstShown(place.column());
        int caret = place.column() - 1 - from + (from > 0 ? CUT.length() : 0);
        int shown = excerpt.codePointCount(0, excerpt.length()) - caret;
        out.append(" ".repeat(gutter)).append(" | ").append(" ".repeat(caret));
        out.append("^".repeat(Math.max(1, Math.min(width, shown))));
        return out.append(hint == null ? "" : " " + hint).append('\n').toString();
    }
}

package org.rpcward.proxy.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/**
 * Output for people. What comes from elsewhere is shown without anything that a terminal would act on: control
 * characters, marks that turn text round, sequences of ANSI.
 */
final class Screen {
    /** What a text stands for, where colour can tell. */
    enum Tone {
        PLAIN("0"),
        GOOD("32"),
        DOUBTFUL("33"),
        BAD("31"),
        QUIET("2");

        private final String code;

        Tone(String code) {
            this.code = code;
        }
    }

    private static final int LONGEST_CELL = 120;

    private final PrintWriter out;
    private final boolean coloured;

    private Screen(PrintWriter out, boolean coloured) {
        this.out = out;
        this.coloured = coloured;
    }

    static Screen of(CommandLine commandLine) {
        Ansi ansi = commandLine.getColorScheme().ansi();
        boolean asked = ansi == Ansi.AUTO ? isTerminal() && System.getenv("NO_COLOR") == null : ansi.enabled();
        return new Screen(commandLine.getOut(), asked);
    }

    /** Whether standard output is a terminal. Java says it in a way that changed from version to version. */
    static boolean isTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
            return (target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console"))
                    && !"dumb".equals(System.getenv("TERM"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    boolean isColoured() {
        return coloured;
    }

    /** A text on one line, with what a terminal would act on written out. */
    static String plain(@Nullable Object value) {
        String text = value == null ? "-" : value.toString();
        StringBuilder out = new StringBuilder();
        text.codePoints().limit(LONGEST_CELL).forEach(c -> {
            if (isPlain(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format(Locale.ROOT, c < 0x100 ? "\\x%02x" : "\\u{%x}", c));
            }
        });
        return text.codePointCount(0, text.length()) > LONGEST_CELL
                ? out.append("...").toString()
                : out.toString();
    }

    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK -> false;
            default -> true;
        };
    }

    String tone(Tone tone, String plainText) {
        return coloured && tone != Tone.PLAIN ? "\u001b[" + tone.code + "m" + plainText + "\u001b[0m" : plainText;
    }

    /** One line. */
    void line(String plainText) {
        out.println(plainText);
    }

    /** Text of several lines that is plain but for their ends. */
    void block(String text) {
        text.lines().forEach(line -> out.println(Screen.wide(line)));
    }

    private static String wide(String line) {
        StringBuilder out = new StringBuilder();
        line.codePoints().forEach(c -> out.append(isPlain(c) ? Character.toString(c) : String.format("\\u{%x}", c)));
        return out.toString();
    }

    /** A key and a value, as in a start page. */
    void pair(String key, @Nullable Object value) {
        pair(key, Tone.PLAIN, value);
    }

    void pair(String key, Tone tone, @Nullable Object value) {
        out.printf("%-10s %s%n", key, tone(tone, plain(value)));
    }

    void flush() {
        out.flush();
    }

    /** Columns of plain text, as wide as their longest cell. Numbers stand on the right. */
    static final class Table {
        private final List<String> heads;
        private final List<List<String>> rows = new ArrayList<>();
        private final List<Tone> tones = new ArrayList<>();

        Table(String... heads) {
            this.heads = List.of(heads);
        }

        void row(Tone tone, @Nullable Object... cells) {
            List<String> row = new ArrayList<>();
            for (Object cell : cells) {
                row.add(plain(cell));
            }
            rows.add(row);
            tones.add(tone);
        }

        boolean isEmpty() {
            return rows.isEmpty();
        }

        void print(Screen screen) {
            int columns = heads.size();
            int[] widths = new int[columns];
            boolean[] numbers = new boolean[columns];
            for (int i = 0; i < columns; i++) {
                int column = i;
                widths[i] = Math.max(
                        heads.get(i).length(),
                        rows.stream()
                                .mapToInt(r -> r.get(column).length())
                                .max()
                                .orElse(0));
                numbers[i] = !rows.isEmpty()
                        && rows.stream().allMatch(r -> r.get(column).matches("-|[0-9][0-9.,%]*s?"));
            }
            screen.line(screen.tone(Tone.QUIET, joined(heads, widths, numbers)));
            for (int i = 0; i < rows.size(); i++) {
                screen.line(screen.tone(tones.get(i), joined(rows.get(i), widths, numbers)));
            }
        }

        private static String joined(List<String> cells, int[] widths, boolean[] numbers) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < cells.size(); i++) {
                String space = " ".repeat(widths[i] - cells.get(i).length());
                line.append(i == 0 ? "" : "  ").append(numbers[i] ? space + cells.get(i) : cells.get(i) + space);
            }
            return line.toString().stripTrailing();
        }
    }

    /** A span of time in two units at most: {@code 3d 4h}, {@code 12s}. */
    static String span(long seconds) {
        long days = seconds / 86_400;
        long hours = seconds / 3600 % 24;
        long minutes = seconds / 60 % 60;
        if (days > 0) {
            return days + "d " + hours + "h";
        }
        if (hours > 0) {
            return hours + "h " + minutes + "m";
        }
        return minutes > 0 ? minutes + "m " + seconds % 60 + "s" : seconds + "s";
    }
}

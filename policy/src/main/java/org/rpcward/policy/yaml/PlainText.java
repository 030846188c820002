package org.rpcward.policy.yaml;

/** Makes text from a file fit to be shown: no control characters, nothing that turns a line round, not too long. */
final class PlainText {
    /** The longest quotation from a file, in characters. */
    static final int LONGEST_QUOTE = 60;

    private PlainText() {}

    /** The text between quotation marks, cut at {@link #LONGEST_QUOTE}. */
    static String quoted(String text) {
        return "'" + escaped(text, LONGEST_QUOTE) + "'";
    }

    /** The text on one line, with what cannot be shown written as an escape. */
    static String escaped(String text, int longest) {
        StringBuilder out = new StringBuilder();
        int count = 0;
        for (int i = 0; i < text.length(); count++) {
            if (count == longest) {
                return out.append("...").toString();
            }
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (isPlain(c)) {
                out.appendCodePoint(c);
            } else if (c == '\n') {
                out.append("\\n");
            } else if (c == '\t') {
                out.append("\\t");
            } else {
                out.append(String.format(c < 0x100 ? "\\x%02x" : "\\u{%x}", c));
            }
        }
        return out.toString();
    }

    /** The text with exactly one character in place of each, so that columns stay what they were. */
    static String inColumns(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> out.appendCodePoint(c == '\t' ? ' ' : isPlain(c) ? c : '\ufffd'));
        return out.toString();
    }

    /** Whether a character takes a place on a terminal and does nothing else there. */
    static boolean isPlain(int c) {
        int type = Character.getType(c);
        return switch (type) {
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
}

package org.rpcward.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.rpc.Programs;

/**
 * Which calls a reader wants to see: terms {@code KEY=VALUE}, {@code KEY!=VALUE}, {@code KEY~PART} and {@code KEY!~PART}
 * with spaces between them, all of which must hold. Immutable.
 */
public final class TailFilter {
    /** The longest filter, in characters. */
    static final int LONGEST = 1000;

    private static final Pattern TERM = Pattern.compile("([a-z_]+)(!=|!~|=|~)(.+)");
    private static final List<String> KEYS =
            List.of("verdict", "source", "rule", "reason", "transport", "listener", "procedure", "program", "version");

    private final List<Term> terms;

    private record Term(
            String key,
            boolean negated,
            boolean part,
            String value,
            @Nullable AddressPrefix prefix) {
        boolean holds(TailEvent event) {
            return negated != matches(event);
        }

        private boolean matches(TailEvent event) {
            if (prefix != null) {
                return prefix.contains(event.address());
            }
            if (key.equals("program")) {
                return event.query() != null
                        && event.query().namesProgram()
                        && (is(event.programName())
                                || is(Integer.toUnsignedString(event.query().program())));
            }
            return is(event.field(key));
        }

        private boolean is(String text) {
            return part
                    ? text.toLowerCase(Locale.ROOT).contains(value)
                    : text.toLowerCase(Locale.ROOT).equals(value);
        }
    }

    private TailFilter(List<Term> terms) {
        this.terms = List.copyOf(terms);
    }

    /**
     * Reads a filter; an empty one lets everything pass. A value with spaces stands in quotation marks.
     *
     * @throws IllegalArgumentException when it is none; the message says why
     */
    public static TailFilter parse(String text) {
        if (text.length() > LONGEST) {
            throw new IllegalArgumentException("a filter has " + LONGEST + " characters at most");
        }
        List<Term> terms = new ArrayList<>();
        for (String word : words(text)) {
            terms.add(term(word));
        }
        return new TailFilter(terms);
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (c == ' ' && !quoted) {
                if (!word.isEmpty()) {
                    words.add(word.toString());
                    word.setLength(0);
                }
            } else {
                word.append(c);
            }
        }
        if (quoted) {
            throw new IllegalArgumentException("a quotation mark has no end");
        }
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        return words;
    }

    private static Term term(String word) {
        Matcher term = TERM.matcher(word);
        if (!term.matches()) {
            throw new IllegalArgumentException(
                    "'" + word + "' is no term of a filter: verdict=drop, source=10.1.0.0/16 and rule~nfs are");
        }
        String key = term.group(1);
        if (!KEYS.contains(key)) {
            throw new IllegalArgumentException("no key '" + key + "'; there are " + String.join(", ", KEYS));
        }
        boolean part = term.group(2).endsWith("~");
        String value = term.group(3).toLowerCase(Locale.ROOT);
        AddressPrefix prefix = key.equals("source") && !part ? prefix(value) : null;
        if (key.equals("program") && !part) {
            value = Optional.ofNullable(numberOf(value)).orElse(value);
        }
        return new Term(key, term.group(2).startsWith("!"), part, value, prefix);
    }

    private static AddressPrefix prefix(String text) {
        return AddressPrefix.parse(text)
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not an address or prefix"));
    }

    private static @Nullable String numberOf(String program) {
        if (program.startsWith("0x")) {
            try {
                return Integer.toUnsignedString(Integer.parseUnsignedInt(program.substring(2), 16));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("'" + program + "' is not the number of a program", e);
            }
        }
        return Programs.byName(program)
                .map(p -> Integer.toUnsignedString(p.number()))
                .orElse(null);
    }

    boolean passes(TailEvent event) {
        for (Term term : terms) {
            if (!term.holds(event)) {
                return false;
            }
        }
        return true;
    }
}

package org.rpcward.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Programs;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.policy.yaml.Spelling;
import org.rpcward.proxy.observe.CallRecord;

/**
 * Which calls a reader wants to see: terms {@code KEY=VALUE}, {@code KEY!=VALUE}, {@code KEY~PART} and {@code KEY!~PART}
 * with spaces between them, all of which must hold. Immutable.
 */
public final class TailFilter {
    /** The longest filter, in characters. */
    static final int LONGEST = 1000;

    private static final Pattern TERM = Pattern.compile("([a-z_]+)(!=|!~|=|~)(.+)");
    private static final List<String> KEYS = List.of(
            "verdict",
            "source",
            "rule",
            "reason",
            "transport",
            "listener",
            "procedure",
            "program",
            "version",
            "protocol",
            "mode");

    /** The values that a key can have, where there are few: another one is a slip, and would show nothing for ever. */
    private static final Map<String, List<String>> WORDS = Map.of(
            "verdict", Stream.of(Verdict.values()).map(Verdict::word).toList(),
            "transport", Stream.of(Transport.values()).map(Transport::word).toList(),
            "procedure", Stream.of(Procedure.values()).map(Procedure::word).toList(),
            "mode", Stream.of(Mode.values()).map(Mode::word).toList());

    private final List<Term> terms;

    private record Term(
            String key,
            boolean negated,
            boolean part,
            String value,
            @Nullable AddressPrefix prefix) {
        boolean holds(CallRecord call) {
            return negated != matches(call);
        }

        private boolean matches(CallRecord call) {
            if (prefix != null) {
                return prefix.contains(call.source());
            }
            Query query = call.query();
            return switch (key) {
                case "verdict" -> is(call.verdict().word());
                case "source" -> is(call.source().toString());
                case "rule" -> is(call.rule());
                case "reason" -> is(call.reason());
                case "transport" -> is(call.transport().word());
                case "listener" -> is(call.listener());
                case "mode" -> is((call.onTrial() ? Mode.AUDIT : Mode.ENFORCE).word());
                case "procedure" -> query != null && is(query.procedure().word());
                case "protocol" -> query != null && is(Integer.toString(query.protocol()));
                case "version" ->
                    query != null && query.namesProgram() && is(Integer.toUnsignedString(query.version()));
                case "program" -> query != null && query.namesProgram() && isProgram(query.program());
                default -> throw new IllegalStateException("no such key=" + key);
            };
        }

        private boolean isProgram(int number) {
            return is(Top.nameOf(number)) || is(Integer.toUnsignedString(number));
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
            value = numberOf(value);
        }
        List<String> words = WORDS.get(key);
        if (words != null && !part && !words.contains(value)) {
            throw new IllegalArgumentException(
                    "'" + key + "' is " + oneOf(words) + ", not '" + value + "'" + didYouMean(value, words));
        }
        return new Term(key, term.group(2).startsWith("!"), part, value, prefix);
    }

    private static String oneOf(List<String> words) {
        int last = words.size() - 1;
        return String.join(", ", words.subList(0, last)) + " or " + words.get(last);
    }

    private static AddressPrefix prefix(String text) {
        return AddressPrefix.parse(text)
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is not an address or prefix"));
    }

    private static String numberOf(String program) {
        Optional<Programs.Entry> known = Programs.byName(program);
        if (known.isPresent()) {
            return Integer.toUnsignedString(known.get().number());
        }
        if (!Character.isDigit(program.charAt(0))) {
            List<String> names =
                    Programs.all().stream().map(Programs.Entry::name).toList();
            throw new IllegalArgumentException(
                    "no program '" + program + "' is known; a number does too" + didYouMean(program, names));
        }
        try {
            return Integer.toUnsignedString(
                    program.startsWith("0x")
                            ? Integer.parseUnsignedInt(program.substring(2), 16)
                            : Integer.parseUnsignedInt(program));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + program + "' is not the number of a program", e);
        }
    }

    private static String didYouMean(String word, List<String> known) {
        String nearest = Spelling.nearest(word, known);
        return nearest == null ? "" : "; did you mean '" + nearest + "'?";
    }

    boolean passes(CallRecord call) {
        for (Term term : terms) {
            if (!term.holds(call)) {
                return false;
            }
        }
        return true;
    }
}

package org.rpcward.proxy.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an expression of Prometheus names. Reads as much of the language as rules and dashboards of rpcward use, and fails
 * on anything else.
 */
final class PromQl {
    private static final Set<String> LABEL_LISTS =
            Set.of("by", "without", "on", "ignoring", "group_left", "group_right");
    private static final Set<String> WORDS = Set.of("and", "or", "unless", "offset", "bool");
    private static final Set<String> FUNCTIONS = Set.of(
            "absent",
            "changes",
            "count",
            "histogram_quantile",
            "increase",
            "max",
            "quantile_over_time",
            "rate",
            "sum",
            "time",
            "topk");
    private static final Pattern TOKEN = Pattern.compile("\\s+"
            + "|(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
            + "|(?<matchers>\\{[^}]*\\})"
            + "|(?<range>\\[[^\\]]*\\])"
            + "|(?<number>[0-9.]+(?:ms|s|m|h|d)?)"
            + "|(?<operator>==|!=|>=|<=|[()<>,+*/-])");
    private static final Pattern MATCHER =
            Pattern.compile("\\s*([a-zA-Z_][a-zA-Z0-9_]*)\\s*(=~|!~|!=|=)\\s*\"([^\"]*)\"\\s*(?:,|$)");

    /** A metric with what is said of its labels. */
    record Selector(String metric, List<Match> matches) {}

    /** @param values those that are named, without those of a variable */
    record Match(String label, List<String> values) {}

    private final List<Selector> selectors = new ArrayList<>();
    private final Set<String> labels = new TreeSet<>();

    private PromQl() {}

    static PromQl parse(String expression) {
        PromQl parsed = new PromQl();
        List<String> kinds = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        Matcher tokens = TOKEN.matcher(expression);
        int at = 0;
        while (at < expression.length()) {
            if (!tokens.find(at) || tokens.start() != at) {
                throw new AssertionError("not understood at " + at + " in " + expression);
            }
            for (String kind : List.of("name", "matchers", "range", "number", "operator")) {
                if (tokens.group(kind) != null) {
                    kinds.add(kind);
                    texts.add(tokens.group(kind));
                }
            }
            at = tokens.end();
        }
        parsed.read(kinds, texts, expression);
        return parsed;
    }

    private void read(List<String> kinds, List<String> texts, String expression) {
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            if (!kinds.get(i).equals("name") || WORDS.contains(text)) {
                continue;
            }
            boolean opens = i + 1 < texts.size() && texts.get(i + 1).equals("(");
            if (LABEL_LISTS.contains(text)) {
                i += 2;
                while (!texts.get(i).equals(")")) {
                    if (kinds.get(i).equals("name")) {
                        labels.add(texts.get(i));
                    }
                    i++;
                }
            } else if (opens || (i + 1 < texts.size() && LABEL_LISTS.contains(texts.get(i + 1)))) {
                if (!FUNCTIONS.contains(text)) {
                    throw new AssertionError("unknown function " + text + " in " + expression);
                }
            } else {
                boolean matched = i + 1 < texts.size() && kinds.get(i + 1).equals("matchers");
                selectors.add(new Selector(text, matched ? matches(texts.get(i + 1)) : List.of()));
            }
        }
    }

    private static List<Match> matches(String braces) {
        List<Match> matches = new ArrayList<>();
        String inside = braces.substring(1, braces.length() - 1);
        Matcher matcher = MATCHER.matcher(inside);
        int at = 0;
        while (at < inside.length()) {
            if (!matcher.find(at) || matcher.start() != at) {
                throw new AssertionError("not understood: " + braces);
            }
            String value = matcher.group(3);
            List<String> values = value.startsWith("$")
                    ? List.of()
                    : matcher.group(2).endsWith("~") ? List.of(value.split("\\|")) : List.of(value);
            matches.add(new Match(matcher.group(1), values));
            at = matcher.end();
        }
        return matches;
    }

    List<Selector> selectors() {
        return selectors;
    }

    /** Those that it groups or joins by. */
    Set<String> labels() {
        return labels;
    }
}

package org.rpcward.policy.yaml;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Place;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/** Says in an administrator's words what the YAML parser says in its own. */
final class YamlSyntax {
    private static final Pattern ADDRESS = Pattern.compile("[0-9a-fA-F]{0,4}:[0-9a-fA-F:]*:[0-9a-fA-F:./]*");

    private YamlSyntax() {}

    /**
     * What the parser says, and about which text.
     *
     * @param problem what is wrong, in its words
     * @param context what it was reading
     * @param line the line in question
     * @param before the line before that
     * @param begin the number of the line in which what it was reading begins, or 0
     */
    private record Said(String problem, String context, String line, String before, int begin) {
        boolean is(String part) {
            return problem.contains(part);
        }

        boolean hasTab() {
            String indent =
                    line.substring(0, line.length() - line.stripLeading().length());
            return problem.contains("TAB") || indent.indexOf('\t') >= 0;
        }
    }

    static void report(MarkedYAMLException e, Problems problems) {
        Source source = problems.source();
        String problem = e.getProblem() == null ? "" : e.getProblem();
        String context = e.getContext() == null ? "" : e.getContext();
        Mark at = e.getProblemMark();
        Mark begin = e.getContextMark();
        if (problem.contains("Global tag is not allowed") && problems.hasErrors()) {
            return;
        }
        if (context.contains("expected a single document")) {
            report(
                    problems,
                    at,
                    Code.YAML_FEATURE,
                    "a policy is one document",
                    "delete the line '---' and what follows it");
            return;
        }
        boolean fromBegin = begin != null
                && (problem.contains("unexpected end of stream") || problem.contains("could not find expected ':'"));
        Mark mark = fromBegin || at == null ? begin : at;
        if (mark == null) {
            problems.whole(Code.YAML_SYNTAX, "the file cannot be read as YAML");
            return;
        }
        int number = source.placeOf(mark).line();
        Said said = new Said(
                problem,
                context,
                source.line(number),
                number > 1 ? source.line(number - 1) : "",
                begin == null ? 0 : source.placeOf(begin).line());
        report(problems, mark, Code.YAML_SYNTAX, textOf(said), hintOf(said));
    }

    private static void report(Problems problems, @Nullable Mark mark, Code code, String text, @Nullable String hint) {
        if (mark == null) {
            problems.whole(code, text);
            return;
        }
        Source source = problems.source();
        Place place = source.placeOf(mark);
        // The end of the file is a place without text: the last line that has some is shown instead.
        int number = place.line();
        while (number > 1 && source.line(number).isBlank()) {
            number--;
        }
        if (number != place.line()) {
            String last = source.line(number).stripTrailing();
            place = new Place(source.file(), number, last.codePointCount(0, last.length()) + 1);
        }
        problems.at(source, place, 1, code, text, hint);
    }

    private static String textOf(Said said) {
        if (said.hasTab()) {
            return "a tab character stands where YAML wants spaces";
        }
        if (said.context().contains("scanning an alias")) {
            return "a '*' begins an alias, and this is none";
        }
        if (said.is("mapping values are not allowed")) {
            return "a ':' is not expected here";
        }
        if (said.is("expected ',' or ']'")) {
            return "a list in [ ] is not closed, or a comma is missing";
        }
        if (said.is("expected ',' or '}'")) {
            return "a mapping in { } is not closed, or a comma is missing";
        }
        if (said.is("unexpected end of stream")) {
            return "a quotation mark is not closed";
        }
        if (said.is("could not find expected ':'")) {
            return "a ':' is missing after this, or the line does not belong here";
        }
        if (said.is("expected <block end>")) {
            return "this line does not fit into the list or mapping it stands in";
        }
        if (said.is("expected the node content")) {
            return "a value is missing here, or begins with a character that means something else in YAML";
        }
        if (said.is("undefined alias")) {
            return "this alias has no anchor before it";
        }
        if (said.is("that cannot start any token")) {
            return "a value cannot begin with this character";
        }
        if (said.is("sequence entries are not allowed")) {
            return "a '- ' is not expected here";
        }
        if (said.is("unknown escape character") || said.is("hexadecimal")) {
            return "an escape in \" \" that YAML does not know";
        }
        String both = said.context().isEmpty() ? said.problem() : said.problem() + ", " + said.context();
        return "this is not YAML: " + PlainText.escaped(both, 100);
    }

    private static @Nullable String hintOf(Said said) {
        if (said.hasTab()) {
            return "indent with spaces";
        }
        if (hasBareAddress(said.line())) {
            return "write an IPv6 address in quotes: \"2001:db8::/32\"";
        }
        if (said.is("undefined alias") || said.context().contains("scanning an alias")) {
            return "put a value that begins with '*' in quotes";
        }
        if (said.is("mapping values are not allowed")) {
            return said.before().matches("\\s*[A-Za-z_]+:\\S+\\s*")
                    ? "the line before it has no space after its ':'"
                    : "is the line indented as its neighbours are? a text with ': ' in it needs quotes";
        }
        if (said.is("expected ',' or") && said.begin() > 0) {
            return "it begins in line " + said.begin();
        }
        if (said.is("expected <block end>")) {
            boolean flow = said.is("<scalar>") || said.is("']'") || said.is("'}'");
            return flow
                    ? "something stands behind the end of a value"
                    : "is it indented as its neighbours are, and does it have '- ' if they have?";
        }
        if (said.is("could not find expected ':'")) {
            return "a key is written 'key: value', with a space after the colon";
        }
        if (said.is("unknown escape character") || said.is("hexadecimal")) {
            return "use ' ' instead of \" \", or double the backslash";
        }
        return said.is("that cannot start any token") ? "put the value in quotes" : null;
    }

    /** Whether something like an IPv6 address stands in a line without quotation marks. */
    static boolean hasBareAddress(String line) {
        for (String word : line.split("[\\s,\\[\\]{}]+", -1)) {
            if (looksLikeIpv6(word)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a text has the shape of an IPv6 address or prefix, also of one that lost its end to YAML. */
    static boolean looksLikeIpv6(String text) {
        return text.length() <= 64 && ADDRESS.matcher(text).matches();
    }

    static String boundOf(YAMLException e) {
        String message = String.valueOf(e.getMessage());
        if (message.contains("Nesting Depth")) {
            return "lists and mappings are nested deeper than " + YamlTree.DEEPEST + " levels";
        }
        if (message.contains("aliases")) {
            return "more than 50 aliases (*name) of lists and mappings";
        }
        return "the file cannot be read as YAML";
    }
}

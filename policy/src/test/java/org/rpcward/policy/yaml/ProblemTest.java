package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Place;

class ProblemTest {
    private static Problem problem(int line, int column, int width, @Nullable String hint, String text) {
        Place place = new Place("policy.yaml", line, column);
        String excerpt = Problem.excerptOf(text, column);
        return new Problem(place, width, Severity.ERROR, "E112", "unknown procedure 'GETPROT'", hint, excerpt);
    }

    @Test
    void rendersPlaceTextLineCaretAndHint() {
        assertThat(problem(41, 11, 7, "did you mean 'getport'?", "    call: GETPROT")
                        .render())
                .isEqualTo("""
                        policy.yaml:41:11: error[E112]: unknown procedure 'GETPROT'
                           41 |     call: GETPROT
                              |           ^^^^^^^ did you mean 'getport'?
                        """);
    }

    @Test
    void rendersWithoutHintAndWithLongLineNumbers() {
        Problem problem = new Problem(new Place("p", 123_456, 1), 3, Severity.WARNING, "W201", "text", null, "abc");
        assertThat(problem.render()).isEqualTo("p:123456:1: warning[W201]: text\n123456 | abc\n       | ^^^\n");
    }

    @Test
    void rendersAProblemOfTheWholeFileOnOneLine() {
        Problem problem = new Problem(new Place("p", 1, 1), 0, Severity.ERROR, "E101", "the file is empty", null, "");
        assertThat(problem.render()).isEqualTo("p:1:1: error[E101]: the file is empty\n");
    }

    @Test
    void keepsTheCaretUnderItsPlaceInALongLine() {
        String line = "x".repeat(300) + "HERE" + "y".repeat(300);
        List<String> lines = problem(1, 301, 4, null, line).render().lines().toList();
        int caret = lines.get(2).indexOf('^');
        assertThat(lines.get(1).substring(caret, caret + 4)).isEqualTo("HERE");
        assertThat(lines.get(2)).endsWith(" ^^^^");
        assertThat(lines.get(1).length()).isLessThan(140);
    }

    @Test
    void countsCharactersNotUtf16Units() {
        List<String> lines = problem(1, 4, 2, null, "\ud83d\ude00\ud83d\ude00 ab")
                .render()
                .lines()
                .toList();
        assertThat(lines.get(2)).isEqualTo("      |    ^^");
    }

    @Test
    void showsControlCharactersAsOneColumnEach() {
        assertThat(problem(1, 6, 1, null, "a\tb\u001b[x")
                        .render()
                        .lines()
                        .toList()
                        .get(1))
                .isEqualTo("    1 | a b\ufffd[x");
    }

    @Test
    void escapesWhatGitHubReadsAsItsOwn() {
        Problem problem = new Problem(
                new Place("a,b:c%.yaml", 3, 4), 1, Severity.WARNING, "W203", "100% unused", "delete, or: use it", "x");
        assertThat(ProblemReport.github(List.of(problem)))
                .isEqualTo(
                        "::warning file=a%2Cb%3Ac%25.yaml,line=3,col=4,title=W203::100%25 unused; delete, or: use it\n");
    }

    @Test
    void endsWithTheCounts() {
        Problem error = problem(1, 1, 1, null, "x");
        assertThat(ProblemReport.text(List.of(error))).endsWith("\n1 error, 0 warnings\n");
        assertThat(ProblemReport.text(List.of())).isEmpty();
        assertThat(ProblemReport.counts(List.of(error, error))).isEqualTo("2 errors, 0 warnings");
    }

    @Test
    void quotesAreEscapedAndCut() {
        assertThat(PlainText.quoted("a\nb\tc\u001b\u202e\u0301")).isEqualTo("'a\\nb\\tc\\x1b\\u{202e}\\u{301}'");
        assertThat(PlainText.quoted("x".repeat(100))).isEqualTo("'" + "x".repeat(60) + "...'");
        assertThat(PlainText.quoted("x".repeat(60))).isEqualTo("'" + "x".repeat(60) + "'");
    }
}

package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an administrator is told of each mistake, letter by letter. With -Dgolden.write=true the expected texts are
 * written anew, to be read before they are kept.
 */
class BrokenPoliciesTest {
    /** Codes that take more than a small file to bring about; other tests do. */
    private static final Set<Code> ELSEWHERE = EnumSet.of(Code.TOO_LONG, Code.MORE_ERRORS, Code.MORE_WARNINGS);

    static List<Path> policies() {
        return TestFiles.policiesIn(TestFiles.BROKEN);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void tellsEveryProblemExactly(Path policy) throws IOException {
        Path expected = Path.of(policy.toString().replaceFirst("\\.yaml$", ".expected.txt"));
        LoadResult result = Assertions.assertTimeout(Duration.ofMinutes(1), () -> TestFiles.load(policy));
        String report = ProblemReport.text(result.problems());
        if (Boolean.getBoolean("golden.write")) {
            Files.writeString(expected, report);
        }
        assertThat(report).isEqualTo(TestFiles.text(expected));
    }

    @Test
    void everyCodeHasAnExample() {
        EnumSet<Code> seen = EnumSet.copyOf(ELSEWHERE);
        for (Path policy : policies()) {
            for (Problem problem : TestFiles.load(policy).problems()) {
                for (Code code : Code.values()) {
                    if (code.text().equals(problem.code())) {
                        seen.add(code);
                    }
                }
            }
        }
        assertThat(seen).containsExactlyInAnyOrder(Code.values());
    }

    @Test
    void reportsNeverShowControlCharacters() {
        for (Path policy : policies()) {
            String report = ProblemReport.text(TestFiles.load(policy).problems());
            assertThat(report.codePoints()
                            .filter(c -> c != '\n' && !PlainText.isPlain(c))
                            .toArray())
                    .as("%s", policy)
                    .isEmpty();
        }
    }

    @Test
    void caretsStandUnderWhatTheyMean() {
        for (Path policy : policies()) {
            List<String> lines = ProblemReport.text(TestFiles.load(policy).problems())
                    .lines()
                    .toList();
            for (int i = 0; i < lines.size(); i++) {
                int caret = lines.get(i).indexOf('^');
                boolean underExcerpt = caret >= 0 && lines.get(i).matches(" +\\| +\\^.*");
                if (underExcerpt) {
                    assertThat(lines.get(i - 1).length())
                            .as("%s line %d", policy, i)
                            .isGreaterThanOrEqualTo(caret);
                }
            }
        }
    }
}

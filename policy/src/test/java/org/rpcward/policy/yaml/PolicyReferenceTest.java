package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.Builtin;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;

/** The policy reference says what the code does. */
class PolicyReferenceTest {
    private static final String REFERENCE = TestFiles.text(Path.of("../docs/policy.md"));
    private static final Pattern BLOCK = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);

    /** The table of a section as the reference has it. */
    static String table(Section section) {
        List<String> rows = new ArrayList<>();
        rows.add("| key | takes | default | for example | |");
        rows.add("|---|---|---|---|---|");
        for (Key key : section.keys()) {
            String byDefault = key.required() ? "must be there" : code(key, key.byDefault());
            rows.add(String.join(
                    " | ",
                    "| `" + key.name() + "`",
                    takes(key),
                    byDefault,
                    "`" + key.name() + ": " + key.example() + "`",
                    key.about() + " |"));
        }
        return String.join("\n", rows) + "\n";
    }

    private static String takes(Key key) {
        boolean inPlace = key.kind() == Key.Kind.COUNT || key.kind() == Key.Kind.MAP;
        if (!key.words().isEmpty() && inPlace) {
            return bounds(key) + ", or " + String.join(", ", key.words());
        }
        return key.words().isEmpty() ? bounds(key) : key.kind().noun() + ": " + String.join(", ", key.words());
    }

    private static String bounds(Key key) {
        if (key.least() == key.most()) {
            return key.kind().noun() + ", " + key.write(key.least());
        }
        return key.most() == Long.MAX_VALUE
                ? key.kind().noun()
                : key.kind().noun() + ", " + key.write(key.least()) + " to " + key.write(key.most());
    }

    /** Defaults that a policy could write stand in the type of code, words about them do not. */
    private static String code(Key key, String text) {
        boolean value = text.equals(key.example()) || key.words().contains(text) || text.matches("\\[.*\\]|[0-9].*");
        return value ? "`" + text + "`" : text;
    }

    @TestFactory
    List<DynamicTest> hasTheTableOfEverySection() {
        return Keys.ALL.stream()
                .map(s -> DynamicTest.dynamicTest(
                        s.name(), () -> assertThat(REFERENCE).contains(table(s))))
                .toList();
    }

    @ParameterizedTest
    @EnumSource
    void explainsEveryCode(Code code) {
        assertThat(REFERENCE).contains("| " + code.text() + " | " + code.meaning() + " |");
    }

    @Test
    void namesEveryClassProcedureVerdictAndBuiltInRule() {
        Arrays.stream(CallClass.values()).forEach(c -> assertThat(REFERENCE).contains("| `" + c.word() + "` |"));
        Arrays.stream(Procedure.values()).forEach(p -> assertThat(REFERENCE).contains(p.name()));
        Arrays.stream(Verdict.values()).forEach(v -> assertThat(REFERENCE).contains("`" + v.word() + "`"));
        Builtin.NAMES.forEach(name -> assertThat(REFERENCE).contains("`" + name + "`"));
    }

    @Test
    void namesTheBounds() {
        assertThat(REFERENCE)
                .contains("1 MiB")
                .contains("8 MiB")
                .contains("100,000 prefixes")
                .contains("10,000 rules")
                .contains("16 levels");
    }

    @Test
    void examplesAreReadWithoutAWord() {
        Matcher blocks = BLOCK.matcher(REFERENCE);
        int count = 0;
        while (blocks.find()) {
            String text = blocks.group(1);
            String whole = text.contains("version: 1") ? text : TestFiles.FRAME + text;
            assertThat(TestFiles.report(whole)).as(text).isEmpty();
            count++;
        }
        assertThat(count).isGreaterThan(2);
    }
}

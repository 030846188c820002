package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.Builtin;
import org.rpcward.policy.Place;
import org.rpcward.policy.Policy;

class EffectiveTextTest {
    /** All that load, those with warnings included. */
    static List<Path> policies() {
        return Stream.of(TestFiles.EXAMPLES, TestFiles.GOOD, TestFiles.BROKEN)
                .flatMap(d -> TestFiles.policiesIn(d).stream())
                .filter(p -> TestFiles.load(p).policy() != null)
                .toList();
    }

    private static LoadResult reload(String text, Path original) {
        return PolicyLoader.load("again.yaml", text.getBytes(StandardCharsets.UTF_8), path -> {
            Path beside = original.resolveSibling(path);
            return Files.exists(beside)
                    ? GroupFiles.Content.of(TestFiles.bytes(beside))
                    : GroupFiles.Content.failed("no such file");
        });
    }

    @ParameterizedTest
    @MethodSource("policies")
    void loadsToTheSamePolicy(Path file) {
        LoadResult first = TestFiles.load(file);
        String text = first.effective().get();
        LoadResult again = reload(text, file);
        assertThat(again.policy())
                .as(() -> text + ProblemReport.text(again.problems()))
                .isNotNull();
        assertThat(Objects.requireNonNull(again.policy()))
                .usingRecursiveComparison()
                .ignoringFields("revision")
                .ignoringFieldsOfTypes(Place.class)
                .isEqualTo(first.policy());
        assertThat(again.effective().get()).isEqualTo(text);
    }

    @Test
    void hasEveryKeyAndEveryBuiltInRule() {
        String text = TestFiles.load(TestFiles.EXAMPLES.resolve("nfs-server.yaml"))
                .effective()
                .get();
        Keys.TOP.keys().forEach(key -> assertThat(text).containsPattern("(?m)^(# )?" + key.name() + ":"));
        Builtin.NAMES.forEach(name -> assertThat(text).contains("# - " + name + ": "));
        assertThat(text).contains("\n      idle: 15s\n", "\n    rollup: 32\n", "\n  deny:\n    one_per: 10s\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "NULL",
                "~",
                "",
                " a",
                "a ",
                "a: b",
                "a #b",
                "\"",
                "\\",
                "- a",
                "[",
                "2001:db8::/32",
                "\u00fc",
                "\t"
            })
    void quotesWhatWouldNotReadAsItself(String value) {
        String text = TestFiles.FRAME + "rules: []\nlog: { allow: " + YamlText.scalar(value) + " }\n";
        List<Problem> problems = TestFiles.load(text).problems();
        assertThat(problems)
                .filteredOn(p -> p.code().equals("E115"))
                .singleElement()
                .satisfies(p -> assertThat(p.text()).endsWith("not " + PlainText.quoted(value)));
    }

    @Test
    void aPolicyWithErrorsHasNone() {
        assertThat(TestFiles.load(TestFiles.FRAME).effective().get()).isEmpty();
        assertThat(TestFiles.load(TestFiles.FRAME).policy()).isNull();
    }

    @Test
    void readsAsWhatItWas() {
        Policy policy = TestFiles.policy(TestFiles.FRAME + "rules: []\n");
        assertThat(policy.limits()).isEmpty();
        assertThat(TestFiles.load(TestFiles.FRAME + "rules: []\n").effective().get())
                .contains("\n# limits: no limits\nrules: []\n", "\n    backend: legacy\n", "\n# bans:");
    }
}

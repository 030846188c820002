package org.rpcward.policy.yaml;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.rpcward.policy.Policy;

/** Policies that tests read from the source tree. */
final class TestFiles {
    static final Path BROKEN = Path.of("src/test/resources/broken");
    static final Path GOOD = Path.of("src/test/resources/good");
    static final Path EXAMPLES = Path.of("examples");

    /** A policy without problems to which tests add what they are about. */
    static final String FRAME = """
            version: 1
            listeners:
              lan:
                bind: external
            backends:
              legacy:
                address: 127.0.0.1:111
            """;

    private TestFiles() {}

    static List<Path> policiesIn(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String text(Path file) {
        return new String(bytes(file), StandardCharsets.UTF_8);
    }

    /** Reads a policy as the command line does, with files beside it. */
    static LoadResult load(Path file) {
        return PolicyLoader.load(String.valueOf(file.getFileName()), bytes(file), path -> {
            Path beside = file.resolveSibling(path);
            return Files.exists(beside)
                    ? GroupFiles.Content.of(bytes(beside))
                    : GroupFiles.Content.failed("no such file");
        });
    }

    static LoadResult load(String text) {
        return PolicyLoader.load("policy.yaml", text.getBytes(StandardCharsets.UTF_8), GroupFiles.NONE);
    }

    /** A policy that must have no errors. */
    static Policy policy(String text) {
        LoadResult result = load(text);
        Policy policy = result.policy();
        if (policy == null) {
            throw new AssertionError(ProblemReport.text(result.problems()));
        }
        return policy;
    }

    static Policy policyWithRules(String rules) {
        return policy(FRAME + "rules:\n" + rules.indent(2));
    }

    static String report(String text) {
        return ProblemReport.text(load(text).problems());
    }
}

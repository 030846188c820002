package org.rpcward.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.proxy.fixture.GoldenFile;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/**
 * Whole commands with all that they print, as it would look on a terminal. A session is a file in which each command
 * stands behind a dollar, and its output after it; a line that begins with {@code #}
 * after an empty one is a comment. With {@code -Dgolden.write=true} the files are written anew, to be
 * read before they are committed.
 */
class SessionTest {
    private static final Path SESSIONS = Path.of("src/test/resources/golden/cli");
    private static final String PROMPT = "$ rpcward";
    /** The directory of the policies, which does not stand in the sessions. */
    private static final String POLICIES = SESSIONS + "/policies/";

    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @ParameterizedTest
    @ValueSource(strings = {"help", "usage", "explain", "explain-audit", "check", "check-machines", "effective"})
    void sessions(String name) throws IOException {
        String wanted = GoldenFile.text("cli/" + name + ".txt");
        StringBuilder seen = new StringBuilder();
        boolean between = true;
        for (String line : wanted.lines().toList()) {
            if (between && line.startsWith("#")) {
                seen.append(line).append('\n');
            } else if (line.startsWith(PROMPT)) {
                seen.append(seen.isEmpty() ? "" : "\n").append(line).append('\n');
                seen.append(run(arguments(line)));
            }
            between = line.isEmpty() || (between && line.startsWith("#"));
        }
        if (Boolean.getBoolean("golden.write")) {
            Files.writeString(SESSIONS.resolve(name + ".txt"), seen);
        } else {
            assertThat(seen.toString()).isEqualTo(wanted);
        }
    }

    private static List<String> arguments(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line.substring(PROMPT.length()));
        while (matcher.find()) {
            String word = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
            words.add(word.endsWith(".yaml") ? POLICIES + word : word);
        }
        return words;
    }

    /** Standard output, then standard error with a bar before each line, then the exit code. */
    private static String run(List<String> arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commandLine = Main.commandLine(arguments.toArray(String[]::new))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setUsageHelpWidth(100);
        int status = commandLine.execute(arguments.toArray(String[]::new));
        StringBuilder all = new StringBuilder(out.toString());
        for (String line : err.toString().lines().toList()) {
            if (line.startsWith("Usage: ")) {
                all.append("| and how it is used\n");
                break;
            }
            all.append("| ").append(line).append('\n');
        }
        all.append("exit code ").append(status).append('\n');
        return all.toString().replace(POLICIES, "").replaceAll(" +\n", "\n");
    }
}

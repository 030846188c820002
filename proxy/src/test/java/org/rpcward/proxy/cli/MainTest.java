package org.rpcward.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class MainTest {
    private static Set<String> verbs() {
        return Main.commandLine().getSubcommands().keySet();
    }

    private static String usage(CommandLine line, String verb) {
        return Objects.requireNonNull(line.getSubcommands().get(verb)).getUsageMessage();
    }

    @Test
    void knowsItsVerbs() {
        assertThat(verbs()).containsExactly("run", "check", "explain", "show", "ctl", "train");
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void describesNoVerbButTheOneThatIsAskedForAndThatOneTheSameWay(String verb) {
        CommandLine asked = Main.commandLine(verb, "--help");

        assertThat(asked.getSubcommands()).containsOnlyKeys(verb);
        assertThat(usage(asked, verb)).isEqualTo(usage(Main.commandLine(), verb));
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void describesAllWhenAVerbIsNotTheFirstWord(String verb) {
        assertThat(Main.commandLine("--help", verb).getSubcommands()).containsOnlyKeys(verbs());
    }

    @ParameterizedTest
    @CsvSource({
        "explain --from host.example getport nfs, rpcward explain",
        "ctl ban 192.0.2.7, rpcward ctl ban",
        "ctl stauts, rpcward ctl",
        "frobnicate, rpcward",
    })
    void aMistakeIsNotPushedOffTheScreenByHelp(String arguments, String verb) {
        String[] words = arguments.split(" ");
        StringWriter err = new StringWriter();

        int status = Main.commandLine(words).setErr(new PrintWriter(err)).execute(words);

        assertThat(status).isEqualTo(2);
        assertThat(err.toString().lines()).hasSizeBetween(3, 5).last().isEqualTo("'" + verb + " --help' tells more.");
        assertThat(err.toString()).startsWith("rpcward: ");
    }
}

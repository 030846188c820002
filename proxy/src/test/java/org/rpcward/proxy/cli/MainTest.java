package org.rpcward.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class MainTest {
    private static Set<String> verbs() {
        return Main.commandLine().getSubcommands().keySet();
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
        assertThat(asked.getSubcommands().get(verb).getUsageMessage())
                .isEqualTo(Main.commandLine().getSubcommands().get(verb).getUsageMessage());
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void describesAllWhenAVerbIsNotTheFirstWord(String verb) {
        assertThat(Main.commandLine("--help", verb).getSubcommands()).containsOnlyKeys(verbs());
    }
}

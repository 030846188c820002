package org.rpcward.proxy.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.rpcward.policy.rpc.Programs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "Show what rpcward knows.",
        subcommands = {ShowCommand.ProgramsCommand.class, ShowCommand.SchemaCommand.class})
final class ShowCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    ShowCommand() {}

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "show what? programs or schema");
    }

    @Command(
            name = "programs",
            mixinStandardHelpOptions = true,
            description = {
                "The program numbers that policies can name.",
                "Danger goes from 0 (plumbing) to 5 (gives away the host, by design or by its history)."
            })
    static final class ProgramsCommand implements Runnable {
        @Spec
        private CommandSpec spec;

        @SuppressWarnings("NullAway.Init") // picocli sets it
        ProgramsCommand() {}

        @Override
        public void run() {
            PrintWriter out = spec.commandLine().getOut();
            out.printf("%10s  %-16s %-8s %-6s %-7s %s%n", "NUMBER", "NAME", "VERSIONS", "DANGER", "ADVICE", "WHY");
            for (Programs.Entry p : Programs.all()) {
                String aliases = p.aliases().isEmpty() ? "" : " (" + String.join(", ", p.aliases()) + ")";
                out.printf(
                        "%10s  %-16s %-8s %-6d %-7s %s%n",
                        Integer.toUnsignedString(p.number()),
                        p.name(),
                        p.versions(),
                        p.danger(),
                        p.advice().name().toLowerCase(java.util.Locale.ROOT),
                        p.story() + aliases);
            }
            out.flush();
        }
    }

    @Command(
            name = "schema",
            mixinStandardHelpOptions = true,
            description = "The JSON Schema of policies, for editors.")
    static final class SchemaCommand implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @SuppressWarnings("NullAway.Init") // picocli sets it
        SchemaCommand() {}

        @Override
        public Integer call() throws IOException {
            PrintWriter out = spec.commandLine().getOut();
            PolicySchema.write(out);
            out.println();
            out.flush();
            return ExitCode.DONE;
        }
    }
}

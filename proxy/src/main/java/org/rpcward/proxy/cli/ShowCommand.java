package org.rpcward.proxy.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.rpcward.policy.rpc.Programs;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.policy.yaml.ProblemReport;
import org.rpcward.proxy.server.PolicyFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "Show what rpcward knows.",
        subcommands = {
            ShowCommand.EffectiveCommand.class,
            ShowCommand.ProgramsCommand.class,
            ShowCommand.SchemaCommand.class
        })
final class ShowCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    ShowCommand() {}

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "show what? effective, programs or schema");
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
            name = "effective",
            mixinStandardHelpOptions = true,
            description = {
                "A policy with every default filled in, and the built-in rules in their places.",
                "What is printed loads to the same policy, if it stands in the same directory."
            })
    static final class EffectiveCommand implements Callable<Integer> {
        @Option(
                names = "--policy",
                paramLabel = "FILE",
                defaultValue = "/etc/rpcward/policy.yaml",
                description = "the policy; ${DEFAULT-VALUE} unless given")
        private String policyFile = "";

        @Spec
        private CommandSpec spec;

        @SuppressWarnings("NullAway.Init") // picocli sets it
        EffectiveCommand() {}

        @Override
        public Integer call() {
            PolicyFile.Loaded loaded = PolicyFile.load(policyFile);
            LoadResult result = loaded.result();
            if (result == null || result.policy() == null) {
                PrintWriter err = spec.commandLine().getErr();
                err.print(
                        result == null
                                ? loaded.failure() + System.lineSeparator()
                                : ProblemReport.text(result.problems()));
                err.flush();
                return ExitCode.POLICY_INVALID;
            }
            PrintWriter out = spec.commandLine().getOut();
            out.print(result.effective().get());
            out.flush();
            return ExitCode.DONE;
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

package org.rpcward.proxy.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** Entry point of the command line. */
@Command(
        name = "rpcward",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = "A hardened filtering proxy for the portmapper (rpcbind, port 111).",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed at run time",
            "2:wrong usage",
            "3:policy invalid",
            "6:control socket not reachable",
        },
        footer = {"", "'rpcward --make-archive', once after installing, lets 'rpcward run' start in half the time."})
public final class Main implements Runnable {
    private static final Map<String, Class<?>> VERBS = verbs(
            RunCommand.class,
            CheckCommand.class,
            ExplainCommand.class,
            ShowCommand.class,
            CtlCommand.class,
            TrainCommand.class);

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    Main() {}

    public static void main(String[] args) {
        int status = commandLine(args).execute(args);
        // A stream to print to throws nothing. What serves is not there for its log, and whoever reads the first lines
        // of
        // a pipe has what is wanted.
        if (status == ExitCode.DONE && System.out.checkError() && !args[0].equals("run") && !printsIntoPipe()) {
            System.err.println("rpcward: standard output cannot be written");
            status = ExitCode.FAILED;
        }
        System.exit(status);
    }

    private static boolean printsIntoPipe() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().startsWith("pipe:");
        } catch (IOException e) {
            return false;
        }
    }

    private static Map<String, Class<?>> verbs(Class<?>... commands) {
        Map<String, Class<?>> verbs = new LinkedHashMap<>();
        for (Class<?> command : commands) {
            verbs.put(command.getAnnotation(Command.class).name(), command);
        }
        return verbs;
    }

    /**
     * The command line for these arguments. Where they begin with a verb it knows that one only: to describe them all takes
     * as long as reading a policy.
     */
    static CommandLine commandLine(String... args) {
        CommandLine line = new CommandLine(new Main());
        @Nullable Class<?> asked = args.length == 0 ? null : VERBS.get(args[0]);
        VERBS.forEach((verb, command) -> {
            if (asked == null || asked == command) {
                line.addSubcommand(verb, command);
            }
        });
        return line.setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((wrong, all) -> misused(wrong))
                .setExecutionExceptionHandler(
                        (failure, commandLine, parsed) -> CtlCommand.failed(failure, commandLine));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which verb? run, check, explain, show or ctl");
    }

    /** Tells what is wrong, last what is asked for next: a page of help would push the reason off the screen. */
    private static int misused(ParameterException wrong) {
        CommandLine line = wrong.getCommandLine();
        PrintWriter err = line.getErr();
        // What picocli finds itself says so at times, and at others does not.
        err.println("rpcward: " + String.valueOf(wrong.getMessage()).replaceFirst("^Error: ", ""));
        if (!UnmatchedArgumentException.printSuggestions(wrong, err)) {
            Help help = line.getHelp();
            err.print(help.synopsisHeading() + help.synopsis(help.synopsisHeadingLength()));
        }
        err.println("'" + line.getCommandSpec().qualifiedName() + " --help' tells more.");
        err.flush();
        return ExitCode.USAGE;
    }

    static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"rpcward " + version()};
        }
    }
}

package org.rpcward.proxy.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Entry point of the command line. */
@Command(
        name = "rpcward",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = "A hardened filtering proxy for the portmapper (rpcbind, port 111).",
        subcommands = {
            RunCommand.class,
            CheckCommand.class,
            ExplainCommand.class,
            ShowCommand.class,
            CtlCommand.class,
            TrainCommand.class
        },
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
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    Main() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(
                        (failure, commandLine, parsed) -> CtlCommand.failed(failure, commandLine));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which verb? run, check, explain, show or ctl");
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

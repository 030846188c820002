package org.rpcward.proxy.cli;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

@Command(
        name = "ctl",
        mixinStandardHelpOptions = true,
        description = "Look into the running rpcward, and tell it what to do, over its control socket.",
        subcommands = {
            CtlState.Status.class,
            CtlState.Rules.class,
            CtlState.Limits.class,
            CtlState.Cache.class,
            CtlState.Errors.class,
            CtlState.Registry.class,
            CtlState.Explain.class,
            CtlLive.Top.class,
            CtlLive.Tail.class,
            CtlOrders.Reload.class,
            CtlOrders.Bans.class,
            CtlOrders.Ban.class,
            CtlOrders.Unban.class,
            CtlOrders.Backend.class,
            CtlOrders.Drain.class
        },
        footer = {
            "",
            "Examples:",
            "  rpcward ctl status",
            "  rpcward ctl top rules",
            "  rpcward ctl tail 'verdict!=allow source=10.1.0.0/16'",
            "  rpcward ctl registry --for 10.20.3.4",
            "",
            "Exit code 6 when nobody answers at the control socket."
        })
final class CtlCommand implements Runnable {
    @Option(
            names = "--socket",
            paramLabel = "PATH",
            scope = ScopeType.INHERIT,
            description = "the control socket; unless given, that of the service (" + ControlSocket.SERVICE_SOCKET
                    + "), else that of 'deploy/run'")
    private @Nullable String socket;

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "print what rpcward answers, which is JSON")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    CtlCommand() {}

    ControlSocket socket(CommandLine verb) {
        return new ControlSocket(socket, json, verb);
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "what? " + String.join(", ", spec.subcommands().keySet()));
    }

    /** What cannot be reached or understood ends with one line and a code. */
    static int failed(Exception failure, CommandLine commandLine) throws Exception {
        boolean unreachable = failure instanceof ControlSocket.UnreachableException;
        if (!unreachable && !(failure instanceof java.io.UncheckedIOException)) {
            throw failure;
        }
        PrintWriter err = commandLine.getErr();
        err.println("rpcward: " + failure.getMessage());
        err.flush();
        return unreachable ? ExitCode.UNREACHABLE : ExitCode.FAILED;
    }
}

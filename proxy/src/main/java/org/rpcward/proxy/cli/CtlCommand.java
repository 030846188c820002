package org.rpcward.proxy.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.cli.Screen.Tone;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

@Command(
        name = "ctl",
        mixinStandardHelpOptions = true,
        description = "Look into the running rpcward, and tell it what to do, over its control socket.",
        subcommands = {CtlCommand.StatusCommand.class, CtlCommand.ReloadCommand.class},
        footer = {"", "Exit code 6 when nobody answers at the control socket."})
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

    /** What all verbs have. */
    abstract static class Verb implements Callable<Integer> {
        @ParentCommand
        private CtlCommand ctl;

        @Spec
        private CommandSpec spec;

        @SuppressWarnings("NullAway.Init") // picocli sets them
        Verb() {}

        ControlSocket socket() {
            return new ControlSocket(ctl.socket, ctl.json, spec.commandLine());
        }
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "what? " + String.join(", ", spec.subcommands().keySet()));
    }

    /** What cannot be reached or understood ends with one line and a code. */
    static int failed(Exception failure, CommandLine commandLine) throws Exception {
        boolean unreachable = failure instanceof ControlSocket.Unreachable;
        if (!unreachable && !(failure instanceof java.io.UncheckedIOException)) {
            throw failure;
        }
        PrintWriter err = commandLine.getErr();
        err.println("rpcward: " + failure.getMessage());
        err.flush();
        return unreachable ? ExitCode.UNREACHABLE : ExitCode.FAILED;
    }

    @Command(
            name = "status",
            mixinStandardHelpOptions = true,
            description = "How rpcward does: policy, listeners, backends, what was counted.")
    static final class StatusCommand extends Verb {
        @Override
        public Integer call() {
            return socket().show("status", Map.of(), StatusCommand::print);
        }

        static void print(Tree status, Screen screen) {
            boolean ready = status.is("ready");
            screen.pair(
                    "rpcward",
                    status.text("version") + ", Java " + status.text("java") + ", " + status.text("transport") + ", up "
                            + Screen.span(status.number("uptime_seconds")));
            screen.pair(
                    "policy",
                    status.text("policy_file") + ", revision " + status.text("revision") + ", mode "
                            + status.text("mode") + ", rules: " + status.text("rules"));
            Tree reload = status.tree("last_reload");
            if (!reload.object().isEmpty()) {
                boolean ok = reload.text("result").equals("ok");
                screen.pair(
                        "reload",
                        ok ? Tone.GOOD : Tone.BAD,
                        reload.text("result") + " at " + reload.text("at")
                                + (ok ? "" : ": the policy before it is still in force"));
            }
            screen.pair("ready", ready ? Tone.GOOD : Tone.BAD, ready ? "yes" : "no");
            status.texts("missing").forEach(m -> screen.pair("", Tone.BAD, m));
            status.trees("listeners").forEach(l -> {
                screen.pair("listener", l.text("name") + ", for backend " + l.text("backend"));
                l.texts("addresses").forEach(a -> screen.pair("", a));
            });
            status.trees("backends").forEach(b -> printBackend(b, screen));
            StringBuilder counters = new StringBuilder();
            status.tree("counters")
                    .object()
                    .forEach((name, count) -> counters.append(counters.isEmpty() ? "" : ", ")
                            .append(name)
                            .append(' ')
                            .append(count));
            screen.pair("counted", counters);
        }

        private static void printBackend(Tree backend, Screen screen) {
            Object known = backend.get("registrations");
            String age = backend.get("age_seconds") == null
                    ? ""
                    : ", read " + Screen.span(backend.number("age_seconds")) + " ago";
            boolean answering = backend.is("answering");
            screen.pair(
                    "backend",
                    answering ? Tone.GOOD : backend.is("usable") ? Tone.DOUBTFUL : Tone.BAD,
                    backend.text("name") + " (" + backend.text("answers") + "): "
                            + (answering ? "answers" : "does not answer") + ", "
                            + (known == null ? "nothing known" : known + " registrations") + age);
            backend.trees("endpoints").forEach(e -> {
                String state = e.text("state");
                screen.pair(
                        "",
                        state.equals("down") ? Tone.BAD : Tone.PLAIN,
                        e.text("address") + " " + state + (e.is("drained") ? ", drained" : "") + ", flaps: "
                                + e.text("flaps")
                                + (e.get("last_change") == null ? "" : ", since " + e.text("last_change"))
                                + (e.get("reason") == null ? "" : " (" + e.text("reason") + ")"));
            });
        }
    }

    @Command(
            name = "reload",
            mixinStandardHelpOptions = true,
            description = "Read the policy again, as on SIGHUP, and say what came of it.",
            footer = {"", "Exit code 3 when the policy is invalid; the one before it stays in force then."})
    static final class ReloadCommand extends Verb {
        @Override
        public Integer call() {
            return socket().order("reload", Map.of(), (reload, screen) -> {
                String result = reload.text("result");
                screen.block(reload.text("diagnostics"));
                String said = result.equals("ok")
                        ? "reloaded, revision "
                        : "not reloaded (" + result + "); in force is still revision ";
                screen.line(said + Screen.plain(reload.text("revision")));
            });
        }
    }
}

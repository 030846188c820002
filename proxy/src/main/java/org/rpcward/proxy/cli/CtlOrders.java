package org.rpcward.proxy.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.cli.Screen.Table;
import org.rpcward.proxy.cli.Screen.Tone;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verbs of {@code ctl} that do something, and what is needed to know what to do. */
final class CtlOrders {
    private CtlOrders() {}

    @Command(
            name = "reload",
            mixinStandardHelpOptions = true,
            description = "Read the policy again, as on SIGHUP, and say what came of it.",
            footer = {"", "Exit code 3 when the policy is invalid; the one before it stays in force then."})
    static final class Reload extends CtlVerb {
        @Override
        public Integer call() {
            return socket().order("reload", Map.of(), Reload::print);
        }

        static void print(Tree reload, Screen screen) {
            String result = reload.text("result");
            screen.block(reload.text("diagnostics"));
            String said = result.equals("ok")
                    ? "reloaded, revision "
                    : "not reloaded (" + result + "); in force is still revision ";
            screen.line(Screen.plain(said + reload.text("revision")));
        }
    }

    @Command(name = "bans", mixinStandardHelpOptions = true, description = "Who is banned, until when, and why.")
    static final class Bans extends CtlVerb {
        @Override
        public Integer call() {
            return socket().show("bans", Map.of(), Bans::print);
        }

        static void print(Tree answer, Screen screen) {
            Table table = new Table("PREFIX", "KIND", "UNTIL", "HITS", "REASON", "EVIDENCE");
            for (Tree ban : answer.trees("list")) {
                table.row(
                        Tone.PLAIN,
                        ban.text("prefix"),
                        ban.text("kind"),
                        ban.text("until"),
                        ban.get("hits"),
                        ban.text("reason"),
                        ban.text("evidence"));
            }
            if (table.isEmpty()) {
                screen.line("nobody is banned");
            } else {
                table.print(screen);
            }
        }
    }

    @Command(
            name = "ban",
            mixinStandardHelpOptions = true,
            description = "Keep a prefix out for a while, over UDP and TCP.",
            footer = {"", "Example:", "  rpcward ctl ban 192.0.2.0/24 2h --reason 'scans the lab'"})
    static final class Ban extends CtlVerb {
        @Parameters(index = "0", paramLabel = "PREFIX", description = "an address or prefix")
        private String prefix = "";

        @Parameters(index = "1", paramLabel = "DURATION", description = "how long: 30s, 10m, 24h, 7d")
        private String duration = "";

        @Option(names = "--reason", paramLabel = "TEXT", description = "for the log and for those who come later")
        private @Nullable String reason;

        @Option(names = "--force", description = "also a very wide prefix")
        private boolean force;

        @Override
        public Integer call() {
            Map<String, String> parameters = new LinkedHashMap<>();
            parameters.put("prefix", prefix);
            parameters.put("duration", duration);
            CtlState.put(parameters, "reason", reason);
            parameters.put("force", Boolean.toString(force));
            return socket().order(
                            "ban",
                            parameters,
                            (ban, screen) -> screen.line(
                                    Screen.plain("banned " + ban.text("prefix") + " until " + ban.text("until"))));
        }
    }

    @Command(
            name = "unban",
            mixinStandardHelpOptions = true,
            description = "Lift the ban of a prefix, and automatic ones within it.")
    static final class Unban extends CtlVerb {
        @Parameters(index = "0", paramLabel = "PREFIX", description = "an address or prefix")
        private String prefix = "";

        @Override
        public Integer call() {
            return socket().order("unban", Map.of("prefix", prefix), Unban::print);
        }

        static void print(Tree unbanned, Screen screen) {
            unbanned.trees("lifted").forEach(b -> screen.line(Screen.plain("lifted the ban of " + b.text("prefix"))));
            unbanned.trees("staying")
                    .forEach(b -> screen.line(screen.tone(
                            Tone.DOUBTFUL,
                            Screen.plain("still banned: " + b.text("prefix") + ", until " + b.text("until")))));
        }
    }

    @Command(
            name = "backend",
            mixinStandardHelpOptions = true,
            description = {
                "Let a backend rest, or take it back.",
                "A backend that rests is not asked; what is known of it answers for as long as the policy's 'stale'."
            })
    static final class Backend extends CtlVerb {
        @Parameters(index = "0", paramLabel = "NAME", description = "the backend")
        private String name = "";

        @Parameters(index = "1", paramLabel = "drain|ready", description = "what is to become of it")
        private String state = "";

        @Parameters(
                index = "2",
                arity = "0..1",
                paramLabel = "ADDRESS:PORT",
                description = "only this one of its portmappers")
        private @Nullable String endpoint;

        @Override
        public Integer call() {
            Map<String, String> parameters = new LinkedHashMap<>();
            parameters.put("name", name);
            parameters.put("state", state);
            CtlState.put(parameters, "endpoint", endpoint);
            return socket().order("backend", parameters, CtlState.Status::printBackend);
        }
    }

    @Command(
            name = "drain",
            mixinStandardHelpOptions = true,
            description = {
                "Tell those who ask /readyz that this rpcward is not ready, so that they turn to another one.",
                "Calls are answered as before."
            })
    static final class Drain extends CtlVerb {
        @Option(names = "--undo", description = "be ready again")
        private boolean undo;

        @Option(names = "--stop", description = "also let calls that are under way end, and stop, as on SIGTERM")
        private boolean stop;

        @Override
        public Integer call() {
            if (undo && stop) {
                throw socket().wrong("--undo and --stop do not go together");
            }
            Map<String, String> parameters = Map.of("undo", Boolean.toString(undo), "stop", Boolean.toString(stop));
            return socket().order(
                            "drain",
                            parameters,
                            (drain, screen) -> screen.line(
                                    drain.is("stopping")
                                            ? "stops"
                                            : drain.is("draining") ? "drains: /readyz says 503" : "ready again"));
        }
    }
}

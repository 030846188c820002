package org.rpcward.proxy.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.rpcward.proxy.admin.ControlClient;
import org.rpcward.proxy.admin.Json;
import org.rpcward.proxy.admin.TailFilter;
import org.rpcward.proxy.cli.Screen.Table;
import org.rpcward.proxy.cli.Screen.Tone;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verbs of {@code ctl} that go on until they are stopped. */
final class CtlLive {
    private static final String CLEAR = "\u001b[H\u001b[J";

    private CtlLive() {}

    /** What can be looked at most. */
    enum What {
        SOURCES,
        PROGRAMS,
        RULES
    }

    @Command(
            name = "top",
            mixinStandardHelpOptions = true,
            description = {
                "Who asks most, which programs are asked for most, or which rules decide most, over the last seconds.",
                "On a terminal it goes on until it is stopped."
            })
    static final class Top extends CtlVerb {
        @Parameters(
                index = "0",
                arity = "0..1",
                defaultValue = "sources",
                paramLabel = "sources|programs|rules",
                description = "what to look at; ${DEFAULT-VALUE} unless given")
        private What what = What.SOURCES;

        @Option(names = "--once", description = "once, on a terminal too")
        private boolean once;

        @Option(
                names = "--most",
                paramLabel = "NUMBER",
                defaultValue = "20",
                description = "how many lines; ${DEFAULT-VALUE} unless given")
        private int most;

        @Override
        public Integer call() throws InterruptedException {
            ControlSocket socket = socket();
            if (most < 1 || most > 1000) {
                throw socket.wrong("--most goes from 1 to 1000");
            }
            String verb = what.name().toLowerCase(Locale.ROOT);
            Map<String, String> parameters = Map.of("most", Integer.toString(most));
            boolean goesOn = !once && !socket.isJson() && socket.screen().isColoured();
            int code = ExitCode.DONE;
            do {
                if (goesOn) {
                    socket.out().print(CLEAR);
                }
                code = socket.show(verb, parameters, this::print);
                if (goesOn) {
                    TimeUnit.SECONDS.sleep(1);
                }
            } while (goesOn && code == ExitCode.DONE);
            return code;
        }

        private void print(Tree answer, Screen screen) {
            if (what == What.RULES) {
                printRules(answer, screen);
            } else {
                printAskers(answer, screen);
            }
        }

        private void printRules(Tree answer, Screen screen) {
            List<Tree> rules = new ArrayList<>(answer.trees("list"));
            rules.sort((a, b) -> Double.compare(b.decimal("hits_per_second"), a.decimal("hits_per_second")));
            Table table = new Table("RULE", "THEN", "PER SECOND", "HITS");
            rules.stream()
                    .filter(r -> r.number("hits") > 0)
                    .limit(most)
                    .forEach(r -> table.row(
                            Tone.PLAIN,
                            r.text("name"),
                            r.text("then"),
                            CtlState.rate(r.decimal("hits_per_second")),
                            r.get("hits")));
            printOr(table, screen);
        }

        private void printAskers(Tree answer, Screen screen) {
            boolean sources = what == What.SOURCES;
            Table table = sources
                    ? new Table("SOURCE", "PER SECOND", "DENIED", "CALLS")
                    : new Table("PROGRAM", "PER SECOND", "DENIED", "CALLS");
            for (Tree row : answer.trees("list")) {
                double denied = row.decimal("denied_per_second");
                table.row(
                        denied > 0 ? Tone.DOUBTFUL : Tone.PLAIN,
                        sources ? row.text("source") : name(row),
                        CtlState.rate(row.decimal("calls_per_second")),
                        CtlState.rate(denied),
                        row.get("calls"));
            }
            printOr(table, screen);
        }

        private static String name(Tree program) {
            return program.text("name").isEmpty()
                    ? program.text("number")
                    : program.text("name") + " (" + program.text("number") + ")";
        }

        private static void printOr(Table table, Screen screen) {
            if (table.isEmpty()) {
                screen.line("no calls yet");
            } else {
                table.print(screen);
            }
        }
    }

    @Command(
            name = "tail",
            mixinStandardHelpOptions = true,
            description = "Calls as they are decided, until it is stopped.",
            footer = {
                "",
                "A filter has terms KEY=VALUE, KEY!=VALUE, KEY~PART and KEY!~PART, all of which",
                "must hold. Keys are verdict, source (also a prefix), rule, reason, transport,",
                "listener, procedure, program, version, protocol and mode. A value with spaces",
                "stands in quotation marks.",
                "",
                "Examples:",
                "  rpcward ctl tail verdict=drop source=10.1.0.0/16 rule~nfs",
                "  rpcward ctl tail 'rule=\"nfs clients find nfs\"'"
            })
    static final class Tail extends CtlVerb {
        @Parameters(arity = "0..*", paramLabel = "TERM", description = "what to show; everything unless given")
        private List<String> terms = new ArrayList<>();

        @Override
        public Integer call() {
            ControlSocket socket = socket();
            String filter = String.join(" ", terms);
            try {
                TailFilter.parse(filter);
            } catch (IllegalArgumentException e) {
                throw socket.wrong(String.valueOf(e.getMessage()));
            }
            try (ControlClient client = socket.connect();
                    ControlClient.Body body = client.begin("GET", "tail", Map.of("filter", filter));
                    BufferedReader lines =
                            new BufferedReader(new InputStreamReader(body.in(), StandardCharsets.UTF_8))) {
                if (body.status() != 200) {
                    return socket.failed(Tree.of(Json.object(String.valueOf(lines.readLine()))));
                }
                return follow(socket, lines);
            } catch (IOException e) {
                throw new ControlSocket.UnreachableException("the control socket broke off: " + e.getMessage());
            }
        }

        private static int follow(ControlSocket socket, BufferedReader lines) throws IOException {
            PrintWriter out = socket.out();
            Screen screen = socket.screen();
            String line = lines.readLine();
            while (line != null && socket.isHeard()) {
                if (socket.isJson()) {
                    out.println(line);
                } else {
                    screen.line(shown(Tree.of(Json.object(line)), screen));
                }
                out.flush();
                line = lines.readLine();
            }
            return ExitCode.DONE;
        }

        private static String shown(Tree event, Screen screen) {
            if (event.text("event").equals("tail")) {
                return screen.tone(Tone.QUIET, "... " + event.number("left_out") + " left out");
            }
            String verdict = event.text("verdict");
            Tone tone = switch (verdict) {
                case "allow" -> Tone.GOOD;
                case "hide" -> Tone.DOUBTFUL;
                default -> Tone.BAD;
            };
            String time = event.text("time");
            String program = program(event);
            String reason = event.text("reason");
            String path = event.text("path");
            return Screen.plain(time.length() >= 23 ? time.substring(11, 23) : time) + " "
                    + screen.tone(tone, Screen.plain(String.format("%-6s", verdict))) + " "
                    + Screen.plain(String.format(
                            "%-15s %s %-8s%s rule '%s'%s%s%s",
                            event.text("source"),
                            event.text("transport"),
                            event.text("procedure").isEmpty() ? "-" : event.text("procedure"),
                            program.isEmpty() ? "" : " " + program,
                            event.text("rule"),
                            reason.equals("rule") ? "" : ", " + reason,
                            event.text("mode").isEmpty() ? "" : " (audit)",
                            path.isEmpty() || path.equals("none")
                                    ? ""
                                    : ", " + path + " " + micros(event.number("duration_us"))));
        }

        private static String micros(long micros) {
            return micros < 1000 ? micros + " us" : String.format(Locale.ROOT, "%.1f ms", micros / 1e3);
        }

        private static String program(Tree event) {
            Tree program = event.tree("program");
            if (program.object().isEmpty()) {
                return "";
            }
            String name = program.text("name").isEmpty() ? program.text("number") : program.text("name");
            return name + "/" + event.text("version");
        }
    }
}

package org.rpcward.proxy.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.cli.Screen.Table;
import org.rpcward.proxy.cli.Screen.Tone;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verbs of {@code ctl} that look. */
final class CtlState {
    private static final int BYTES_PER_LINE = 16;

    private static final int COUNTED_WIDTH = 66;

    private CtlState() {}

    @Command(
            name = "status",
            mixinStandardHelpOptions = true,
            description = "How rpcward does: policy, listeners, backends, what was counted.")
    static final class Status extends CtlVerb {
        @Override
        public Integer call() {
            return socket().show("status", Map.of(), Status::print);
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
            long level = status.number("overload_level");
            if (level > 0) {
                screen.pair("overload", Tone.BAD, "level " + level);
            }
            status.trees("listeners").forEach(l -> {
                screen.pair("listener", l.text("name") + ", for backend " + l.text("backend"));
                l.texts("addresses").forEach(a -> screen.pair("", a));
            });
            status.trees("backends").forEach(b -> printBackend(b, screen));
            status.texts("control").forEach(place -> screen.pair("control", place));
            status.texts("remarks").forEach(remark -> screen.pair("control", Tone.DOUBTFUL, remark));
            printCounters(status.tree("counters"), screen);
        }

        /** As many on a line as an 80-column terminal takes. */
        private static void printCounters(Tree counters, Screen screen) {
            String key = "counted";
            StringBuilder line = new StringBuilder();
            for (Map.Entry<?, ?> counter : counters.object().entrySet()) {
                String text = counter.getKey() + " " + counter.getValue();
                if (!line.isEmpty() && line.length() + text.length() > COUNTED_WIDTH) {
                    screen.pair(key, line + ",");
                    key = "";
                    line.setLength(0);
                }
                line.append(line.isEmpty() ? "" : ", ").append(text);
            }
            screen.pair(key, line.isEmpty() ? "nothing yet" : line);
        }

        static void printBackend(Tree backend, Screen screen) {
            Object known = backend.get("registrations");
            String age = backend.get("age_seconds") == null
                    ? ""
                    : ", read " + Screen.span(backend.number("age_seconds")) + " ago";
            boolean answering = backend.is("answering");
            List<Tree> endpoints = backend.trees("endpoints");
            boolean rests = !endpoints.isEmpty() && endpoints.stream().allMatch(e -> e.is("drained"));
            screen.pair(
                    "backend",
                    answering && !rests ? Tone.GOOD : backend.is("usable") ? Tone.DOUBTFUL : Tone.BAD,
                    backend.text("name") + " (" + backend.text("answers") + "): "
                            + (rests ? "rests" : answering ? "answers" : "does not answer") + ", "
                            + (known == null ? "nothing known" : known + " registrations") + age);
            endpoints.forEach(e -> {
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
            name = "rules",
            mixinStandardHelpOptions = true,
            description = "The rules in order, how often each decided, and when it did last.")
    static final class Rules extends CtlVerb {
        @Override
        public Integer call() {
            return socket().show("rules", Map.of(), Rules::print);
        }

        static void print(Tree answer, Screen screen) {
            Table table = new Table("RULE", "THEN", "MODE", "HITS", "PER SECOND", "LAST", "PLACE");
            for (Tree rule : answer.trees("list")) {
                boolean never = rule.number("hits") == 0;
                table.row(
                        never ? Tone.QUIET : Tone.PLAIN,
                        rule.text("name"),
                        rule.text("then"),
                        rule.text("mode"),
                        rule.get("hits"),
                        rate(rule.decimal("hits_per_second")),
                        rule.get("last_hit"),
                        rule.get("place"));
            }
            table.print(screen);
        }
    }

    static String rate(double perSecond) {
        return String.format(Locale.ROOT, perSecond >= 100 ? "%.0f" : "%.1f", perSecond);
    }

    @Command(
            name = "limits",
            mixinStandardHelpOptions = true,
            description = "The limits that rules charge, and how often each turned a call away.")
    static final class Limits extends CtlVerb {
        @Override
        public Integer call() {
            return socket().show("limits", Map.of(), Limits::print);
        }

        static void print(Tree answer, Screen screen) {
            Table table = new Table("LIMIT", "RATE", "BURST", "PER", "OVER", "MODE", "EXCEEDED", "WOULD", "BUCKETS");
            for (Tree limit : answer.trees("list")) {
                table.row(
                        limit.number("exceeded") > 0 ? Tone.DOUBTFUL : Tone.PLAIN,
                        limit.text("name"),
                        limit.text("rate"),
                        limit.text("burst"),
                        limit.text("per"),
                        limit.text("over"),
                        limit.text("mode"),
                        limit.get("exceeded"),
                        limit.get("exceeded_in_audit"),
                        limit.text("held") + " of " + limit.text("capacity"));
            }
            printOr(table, screen, "no rule charges a limit");
        }
    }

    private static void printOr(Table table, Screen screen, String nothing) {
        if (table.isEmpty()) {
            screen.line(nothing);
        } else {
            table.print(screen);
        }
    }

    @Command(
            name = "cache",
            mixinStandardHelpOptions = true,
            description = "What is remembered of backends, how old it is, and how often it was found.")
    static final class Cache extends CtlVerb {
        @Override
        public Integer call() {
            return socket().show("cache", Map.of(), Cache::print);
        }

        static void print(Tree answer, Screen screen) {
            Table kinds = new Table("CACHE", "ENTRIES", "HIT", "STALE", "MISS", "COALESCED", "BYPASS", "EVICTIONS");
            answer.trees("kinds")
                    .forEach(c -> kinds.row(
                            Tone.PLAIN,
                            c.text("name"),
                            c.get("entries"),
                            c.get("hit"),
                            c.get("stale"),
                            c.get("miss"),
                            c.get("coalesced"),
                            c.get("bypass"),
                            c.get("evictions")));
            kinds.print(screen);
            Table mirrors =
                    new Table("MIRROR OF", "STATE", "REGISTRATIONS", "READ AT", "AGE", "FROM", "VERSION", "FORWARDED");
            answer.trees("mirrors")
                    .forEach(m -> mirrors.row(
                            tone(m.text("state")),
                            m.text("backend"),
                            m.text("state"),
                            m.get("registrations"),
                            m.get("read_at"),
                            m.get("age_seconds") == null ? null : Screen.span(m.number("age_seconds")),
                            m.get("read_from"),
                            m.get("protocol"),
                            m.get("forwarded")));
            if (!mirrors.isEmpty()) {
                screen.line("");
                mirrors.print(screen);
            }
        }

        private static Tone tone(String state) {
            return switch (state) {
                case "empty", "expired" -> Tone.BAD;
                case "stale" -> Tone.DOUBTFUL;
                default -> Tone.PLAIN;
            };
        }
    }

    @Command(
            name = "errors",
            mixinStandardHelpOptions = true,
            description = {
                "The last malformed message of each kind, with the place up to which it could be read, and its beginning."
            })
    static final class Errors extends CtlVerb {
        @Override
        public Integer call() {
            return socket().show("errors", Map.of(), Errors::print);
        }

        static void print(Tree answer, Screen screen) {
            List<Tree> faults = answer.trees("list");
            if (faults.isEmpty()) {
                screen.line("no malformed message since the start");
            }
            for (Tree fault : faults) {
                String offset = fault.get("offset") == null ? "" : ", read up to offset " + fault.text("offset");
                screen.line(screen.tone(Tone.DOUBTFUL, Screen.plain(fault.text("fault")))
                        + Screen.plain(" from " + fault.text("source") + " over " + fault.text("transport")
                                + ", listener " + fault.text("listener") + ", " + fault.text("time") + ", "
                                + fault.text("bytes") + " bytes" + offset));
                dump(fault.text("hex"), screen);
            }
        }

        /** As hexdump -C has it. */
        static void dump(String hex, Screen screen) {
            int bytes = hex.length() / 2;
            for (int at = 0; at < bytes; at += BYTES_PER_LINE) {
                StringBuilder digits = new StringBuilder();
                StringBuilder text = new StringBuilder();
                for (int i = at; i < Math.min(bytes, at + BYTES_PER_LINE); i++) {
                    String pair = hex.substring(2 * i, 2 * i + 2);
                    int c = pair.matches("[0-9a-f]{2}") ? Integer.parseInt(pair, 16) : 0;
                    digits.append(Screen.plain(pair)).append(i - at == BYTES_PER_LINE / 2 - 1 ? "  " : " ");
                    text.append(c >= ' ' && c < 0x7f ? (char) c : '.');
                }
                screen.line(String.format("  %04x  %-49s |%s|", at, digits, text));
            }
        }
    }

    @Command(
            name = "registry",
            mixinStandardHelpOptions = true,
            description = {
                "The registrations of a backend, as it says them.",
                "With --for, what a client that lists them is answered: by the way of every call, but counted nowhere."
            })
    static final class Registry extends CtlVerb {
        @Option(names = "--for", paramLabel = "ADDRESS", description = "the client whose answer is wanted")
        private @Nullable String client;

        @Option(
                names = "--at",
                paramLabel = "ADDRESS",
                description = "with --for: the address of this host that is asked; the one most like the client's"
                        + " unless given")
        private @Nullable String at;

        @Option(names = "--backend", paramLabel = "NAME", description = "which backend; needed where there are several")
        private @Nullable String backend;

        @Option(names = "--listener", paramLabel = "NAME", description = "with --for: the listener that is asked")
        private @Nullable String listener;

        @Option(names = "--protocol", paramLabel = "VERSION", description = "with --for: 2 to 4; 4 unless given")
        private @Nullable Integer protocol;

        @ArgGroup
        private @Nullable Over over;

        /** One of the transports. */
        static final class Over {
            @Option(names = "--udp", required = true, description = "with --for: over UDP")
            private boolean udp;

            @Option(
                    names = "--tcp",
                    required = true,
                    description = "with --for: over TCP, which is assumed unless given")
            private boolean tcp;

            String word() {
                return tcp && !udp ? "tcp" : "udp";
            }
        }

        @Override
        public Integer call() {
            if (client == null && (at != null || listener != null || protocol != null || over != null)) {
                throw socket().wrong("--at, --listener, --protocol, --udp and --tcp go with --for");
            }
            Map<String, String> parameters = new LinkedHashMap<>();
            put(parameters, "for", client);
            put(parameters, "at", at);
            put(parameters, "backend", backend);
            put(parameters, "listener", listener);
            put(parameters, "protocol", protocol);
            put(parameters, "over", over == null ? null : over.word());
            return socket().show("registry", parameters, Registry::print);
        }

        static void print(Tree registry, Screen screen) {
            boolean raw = registry.text("seen_by").equals("backend");
            String age = registry.get("age_seconds") == null
                    ? ""
                    : ", read " + Screen.span(registry.number("age_seconds")) + " ago";
            List<Tree> rows = registry.trees("rows");
            screen.line(Screen.plain("backend " + registry.text("backend")
                    + (raw ? "" : " as " + registry.text("seen_by") + " sees it at " + registry.text("asked_at")) + ": "
                    + registry.text("outcome") + ", " + rows.size() + " registrations" + age));
            Table table = raw
                    ? new Table("PROGRAM", "NAME", "VERSION", "NETID", "ADDRESS", "PORT", "OWNER")
                    : new Table("PROGRAM", "NAME", "VERSION", "NETID", "ADDRESS", "PORT");
            for (Tree row : rows) {
                Object[] cells = {
                    row.get("program"),
                    row.text("name"),
                    row.get("version"),
                    row.text("netid"),
                    row.text("address"),
                    row.get("port"),
                    row.text("owner")
                };
                table.row(Tone.PLAIN, raw ? cells : java.util.Arrays.copyOf(cells, cells.length - 1));
            }
            if (!table.isEmpty()) {
                table.print(screen);
            }
        }
    }

    static void put(Map<String, String> parameters, String name, @Nullable Object value) {
        if (value != null) {
            parameters.put(name, value.toString());
        }
    }

    @Command(
            name = "explain",
            mixinStandardHelpOptions = true,
            description = "Tell what the policy in force says to one call, and why.",
            footer = {"", "Example:", "  rpcward ctl explain --from 10.20.3.4 --udp getport nfs/3"})
    static final class Explain extends CtlVerb {
        @Option(names = "--from", paramLabel = "ADDRESS", required = true, description = "who asks")
        private String from = "";

        @ArgGroup
        private ExplainCommand.@Nullable Over over;

        @Option(
                names = "--protocol",
                paramLabel = "VERSION",
                description = "the version of the portmapper protocol, 2 to 4; the newest that has the procedure unless"
                        + " given")
        private @Nullable Integer protocol;

        @Parameters(
                index = "0",
                paramLabel = "CALL",
                description = "a procedure (getport, getaddr, dump, ...) or a class of them (lookup, list, ping, ...)")
        private String call = "";

        @Parameters(
                index = "1",
                arity = "0..1",
                paramLabel = "PROGRAM[/VERSION[/NETID]]",
                description = "the program asked about, by name or number")
        private @Nullable String program;

        @Override
        public Integer call() {
            Map<String, String> parameters = new LinkedHashMap<>();
            parameters.put("from", from);
            parameters.put("call", call);
            parameters.put("over", over == null ? "udp" : over.transport().word());
            put(parameters, "protocol", protocol);
            put(parameters, "program", program);
            return socket().show("explain", parameters, Explain::print);
        }

        static void print(Tree answer, Screen screen) {
            screen.block(answer.text("text"));
            Tree ban = answer.tree("ban");
            if (!ban.object().isEmpty()) {
                String reason = ban.text("reason").isEmpty() ? "" : ", " + ban.text("reason");
                screen.line(screen.tone(
                        Tone.BAD,
                        Screen.plain("banned   until " + ban.text("until") + ": " + ban.text("prefix") + ", "
                                + ban.text("kind") + reason)));
            }
        }
    }
}

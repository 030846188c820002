package org.rpcward.proxy.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Clause;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Programs;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.policy.yaml.ProblemReport;
import org.rpcward.policy.yaml.Spelling;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.server.PolicyFile;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = "Tell what a policy says to one call, and why: every rule that was tried, and what failed in it.",
        footer = {
            "",
            "Examples:",
            "  rpcward explain --from 10.20.3.4 --udp getport nfs/3/tcp",
            "  rpcward explain --policy new.yaml --from 192.0.2.7 --tcp dump"
        })
final class ExplainCommand implements Callable<Integer> {
    @Option(
            names = "--policy",
            paramLabel = "FILE",
            defaultValue = "/etc/rpcward/policy.yaml",
            description = "the policy; ${DEFAULT-VALUE} unless given")
    private String policyFile = "";

    @Option(names = "--from", paramLabel = "ADDRESS", required = true, description = "who asks")
    private String from = "";

    @ArgGroup
    private @Nullable Over over;

    @Option(
            names = "--protocol",
            paramLabel = "VERSION",
            description =
                    "the version of the portmapper protocol, 2 to 4; the newest that has the procedure unless given")
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
            description = "the program asked about, by name or number; no rule asks for the netid")
    private @Nullable String program;

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    ExplainCommand() {}

    /** One of the transports. */
    static final class Over {
        @Option(names = "--udp", required = true, description = "over UDP, which is assumed unless given")
        private boolean udp;

        @Option(names = "--tcp", required = true, description = "over TCP")
        private boolean tcp;

        Transport transport() {
            return tcp && !udp ? Transport.TCP : Transport.UDP;
        }
    }

    @Override
    public Integer call() {
        Query query = query();
        PolicyFile.Loaded loaded = PolicyFile.load(policyFile);
        LoadResult result = loaded.result();
        Policy policy = result == null ? null : result.policy();
        if (policy == null) {
            PrintWriter err = spec.commandLine().getErr();
            err.print(
                    result == null ? loaded.failure() + System.lineSeparator() : ProblemReport.text(result.problems()));
            err.flush();
            return ExitCode.POLICY_INVALID;
        }
        print(policy, query, spec.commandLine().getOut());
        return ExitCode.DONE;
    }

    private Query query() {
        IpAddress source = IpAddress.parse(from)
                .orElseThrow(() -> wrong("--from wants an IPv4 or IPv6 address, '" + from + "' is none"));
        Transport transport = over == null ? Transport.UDP : over.transport();
        Procedure procedure = procedure();
        int spoken = protocol == null ? procedure.newestProtocol() : protocol;
        if (!procedure.existsIn(spoken)) {
            throw wrong("version " + spoken + " of the protocol has no " + procedure.word());
        }
        boolean named = procedure.callClass().namesProgram();
        if (named == (program == null)) {
            throw wrong(
                    procedure.word() + (named ? " needs a program: nfs, nfs/3, 100003/3/tcp" : " names no program"));
        }
        if (program == null) {
            return new Query(source, transport, spoken, procedure);
        }
        String[] parts = program.split("/", -1);
        if (parts.length > 3) {
            throw wrong("'" + program + "' is not PROGRAM[/VERSION[/NETID]]");
        }
        if (parts.length == 3 && Netid.ofWord(parts[2]) == null) {
            throw wrong("'" + parts[2] + "' is no netid: udp, tcp, udp6 and tcp6 are");
        }
        int version = parts.length > 1 ? number(parts[1], "a version") : usualVersion(parts[0]);
        return new Query(source, transport, spoken, procedure, programNumber(parts[0]), version);
    }

    private Procedure procedure() {
        Optional<Procedure> byName = Procedure.ofWord(call);
        if (byName.isPresent()) {
            return byName.get();
        }
        CallClass wanted = CallClass.ofWord(call).orElseThrow(() -> {
            List<String> words = new java.util.ArrayList<>();
            for (Procedure p : Procedure.values()) {
                words.add(p.word());
            }
            for (CallClass c : CallClass.values()) {
                words.add(c.word());
            }
            return wrong("no call '" + call + "'" + suggestion(call, words));
        });
        for (Procedure p : Procedure.values()) {
            if (p.callClass() == wanted && (protocol == null || p.existsIn(protocol))) {
                return p;
            }
        }
        throw wrong("version " + protocol + " of the protocol has no call of class " + wanted.word());
    }

    private int programNumber(String text) {
        Optional<Programs.Entry> known = Programs.byName(text);
        if (known.isPresent()) {
            return known.get().number();
        }
        if (text.isEmpty() || !Character.isDigit(text.charAt(0))) {
            List<String> names =
                    Programs.all().stream().map(Programs.Entry::name).toList();
            throw wrong("no program '" + text + "' is known" + suggestion(text, names)
                    + "; 'rpcward show programs' lists them, and a number does too");
        }
        return number(text, "a program");
    }

    /** The newest of the usual versions, so that a call without one is a likely one. */
    private static int usualVersion(String program) {
        String versions = Programs.byName(program).map(Programs.Entry::versions).orElse("1");
        String newest = versions.replaceAll("^.*?([0-9]+)[^0-9]*$", "$1");
        return newest.matches("[0-9]{1,9}") ? Integer.parseInt(newest) : 1;
    }

    private int number(String text, String what) {
        try {
            return text.startsWith("0x")
                    ? Integer.parseUnsignedInt(text.substring(2), 16)
                    : Integer.parseUnsignedInt(text);
        } catch (NumberFormatException e) {
            throw wrong("'" + text + "' is not " + what + ": a number from 0 to 4294967295 is");
        }
    }

    private static String suggestion(String word, List<String> known) {
        String nearest = Spelling.nearest(word, known);
        return nearest == null ? "" : "; did you mean '" + nearest + "'?";
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private static void print(Policy policy, Query query, PrintWriter out) {
        RuleSet rules = policy.rules();
        out.println("call     " + describe(query));
        out.println("rules");
        for (RuleSet.Step step : rules.explain(query)) {
            out.println("  " + line(step));
        }
        Decision decision = rules.decide(query);
        Rule rule = decision.rule();
        out.println("verdict  " + decision.verdict().word() + ", by rule '" + rule.name() + "'" + place(rule));
        String heading = "limits   ";
        for (String line : Limits.of(rule, query.source())) {
            out.println(heading + line);
            heading = "         ";
        }
        out.println("view     " + view(query, decision));
        out.println("client   " + Effects.of(query, decision.verdict()));
        out.println("scans    " + Limits.onScans(policy, query));
        if (policy.mode() == Mode.AUDIT) {
            out.println("audit    nothing is hindered: "
                    + (query.procedure().callClass().allowable()
                            ? "the client gets the answer, and the log tells the verdict"
                            : "but this call is never allowed, in audit mode neither"));
        }
        out.flush();
    }

    private static String describe(Query query) {
        String asked = query.namesProgram()
                ? " " + Programs.describe(query.program()) + " version " + Integer.toUnsignedString(query.version())
                : "";
        return query.procedure().word() + " (class "
                + query.procedure().callClass().word() + ", protocol version " + query.protocol() + ")" + asked
                + " over " + query.transport().word() + " from " + query.source();
    }

    private static String line(RuleSet.Step step) {
        Rule rule = step.rule();
        Clause failed = step.failed();
        String what;
        if (failed != null) {
            what = "no: " + failed.key() + ": " + failed.text();
        } else if (rule.isAudit()) {
            what = "would " + rule.then().word() + " (mode: audit), goes on";
        } else {
            what = rule.then().word();
        }
        return String.format("%-40s %s", rule.name() + place(rule), what);
    }

    private static String place(Rule rule) {
        return rule.isBuiltin() || rule.name().equals(Rule.DEFAULT_NAME) ? "" : " (" + rule.place() + ")";
    }

    private static String view(Query query, Decision decision) {
        CallClass asked = query.procedure().callClass();
        if (decision.verdict() != org.rpcward.policy.Verdict.ALLOW
                || (asked != CallClass.LOOKUP && asked != CallClass.LIST)) {
            return "none";
        }
        String view = decision.rule().view();
        return view == null ? "what this client may look up one by one" : view;
    }
}

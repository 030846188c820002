package org.rpcward.proxy.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.rpcward.policy.Place;
import org.rpcward.policy.Policy;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.policy.yaml.Problem;
import org.rpcward.policy.yaml.ProblemReport;
import org.rpcward.policy.yaml.Severity;
import org.rpcward.proxy.server.PolicyFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Tell everything that is wrong or doubtful in policies, with the place of each.",
        footer = {"", "Exit code 3 when a policy has an error, with --strict also when it has a warning."})
final class CheckCommand implements Callable<Integer> {
    /** How problems are written. */
    enum Format {
        TEXT,
        JSON,
        GITHUB
    }

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "policies")
    private List<String> files = new ArrayList<>();

    @Option(names = "--strict", description = "let warnings count as errors")
    private boolean strict;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text (standard error), json or github (standard output); ${DEFAULT-VALUE} unless given")
    private Format format = Format.TEXT;

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    CheckCommand() {}

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<Problem> all = new ArrayList<>();
        boolean valid = true;
        for (String file : files) {
            PolicyFile.Loaded loaded = PolicyFile.load(file);
            LoadResult result = loaded.result();
            List<Problem> problems = result == null ? List.of(unreadable(file, loaded)) : result.problems();
            Policy policy = result == null ? null : result.policy();
            all.addAll(problems);
            boolean good = policy != null && !(strict && !problems.isEmpty());
            valid &= good;
            if (format == Format.TEXT) {
                err.print(result == null ? loaded.failure() + System.lineSeparator() : ProblemReport.text(problems));
                err.flush();
                if (good && policy != null) {
                    long rules = policy.rules().rules().stream()
                            .filter(r -> !r.isBuiltin())
                            .count();
                    out.printf(
                            "%s: valid, %d %s, revision %s%n",
                            file, rules, rules == 1 ? "rule" : "rules", policy.revision());
                }
            }
        }
        if (format == Format.JSON) {
            out.println(json(all));
        } else if (format == Format.GITHUB) {
            out.print(ProblemReport.github(all));
        }
        out.flush();
        return valid ? ExitCode.DONE : ExitCode.POLICY_INVALID;
    }

    private static Problem unreadable(String file, PolicyFile.Loaded loaded) {
        String reason = loaded.failure().startsWith(file + ": ")
                ? loaded.failure().substring(file.length() + 2)
                : loaded.failure();
        return new Problem(new Place(file, 1, 1), 0, Severity.ERROR, "E100", reason, null, "");
    }

    private static String json(List<Problem> problems) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            json.writeStartArray();
            for (Problem p : problems) {
                json.writeStartObject();
                json.writeStringField("file", p.place().file());
                json.writeNumberField("line", p.place().line());
                json.writeNumberField("column", p.place().column());
                json.writeStringField("severity", p.severity().word());
                json.writeStringField("code", p.code());
                json.writeStringField("text", p.text());
                if (p.hint() != null) {
                    json.writeStringField("hint", p.hint());
                }
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        return text.toString();
    }
}

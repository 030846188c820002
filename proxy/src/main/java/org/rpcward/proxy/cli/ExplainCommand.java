package org.rpcward.proxy.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.policy.yaml.ProblemReport;
import org.rpcward.proxy.admin.CallText;
import org.rpcward.proxy.admin.Explanation;
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
        PrintWriter out = spec.commandLine().getOut();
        out.print(Explanation.of(policy, query).text());
        out.flush();
        return ExitCode.DONE;
    }

    private Query query() {
        Transport transport = over == null ? Transport.UDP : over.transport();
        try {
            return new CallText(from, transport, protocol, call, program).query();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}

package org.rpcward.proxy.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.policy.yaml.Problem;
import org.rpcward.policy.yaml.ProblemReport;
import org.rpcward.policy.yaml.Severity;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.server.JournalSocket;
import org.rpcward.proxy.server.PolicyFile;
import org.rpcward.proxy.server.ProxyServer;
import org.rpcward.proxy.server.StartException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "Serve in the foreground.",
            "The log goes to standard output, one JSON object a line, unless the policy has another place for it; what is",
            "wrong goes to standard error."
        },
        footer = {
            "",
            "SIGHUP reads the policy again, SIGUSR1 opens the log file anew, SIGTERM lets calls that are under way end",
            "and stops."
        })
final class RunCommand implements Callable<Integer> {
    /** What comes in from outside while rpcward serves. */
    private enum Order {
        RELOAD,
        STOP,
        REOPEN_LOG,
        /** It can serve no longer. */
        FAIL
    }

    @Option(
            names = "--policy",
            paramLabel = "FILE",
            defaultValue = "/etc/rpcward/policy.yaml",
            description = "the policy; ${DEFAULT-VALUE} unless given")
    private String policyFile = "";

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    RunCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        PolicyFile.Loaded loaded = PolicyFile.load(policyFile);
        Policy policy = policyOf(loaded, err);
        if (policy == null) {
            return ExitCode.POLICY_INVALID;
        }
        BlockingQueue<Order> orders = new LinkedBlockingQueue<>();
        Signals.on("HUP", () -> orders.add(Order.RELOAD));
        Signals.on("TERM", () -> orders.add(Order.STOP));
        Signals.on("INT", () -> orders.add(Order.STOP));
        Signals.on("USR1", () -> orders.add(Order.REOPEN_LOG));
        EventLog log = new EventLog(System.out, JournalSocket::open, InstantSource.system());
        log.start();
        try {
            return serve(policy, log, orders, err);
        } finally {
            log.stop();
        }
    }

    private int serve(Policy policy, EventLog log, BlockingQueue<Order> orders, PrintWriter err)
            throws InterruptedException {
        ProxyServer server;
        try {
            server = ProxyServer.start(policy, log);
        } catch (StartException e) {
            err.println("rpcward: " + e.getMessage());
            err.flush();
            return ExitCode.FAILED;
        }
        logPolicy(log, "start", policy);
        StartPage.print(server, policyFile, err);
        server.ready();
        server.whenBroken(() -> orders.add(Order.FAIL));
        Order order = orders.take();
        while (order == Order.RELOAD || order == Order.REOPEN_LOG) {
            if (order == Order.RELOAD) {
                server.reloading();
                reload(server, log, err);
                server.ready();
            } else {
                reopen(log, err);
            }
            order = orders.take();
        }
        server.stop();
        if (order == Order.FAIL) {
            err.println("rpcward: an event loop has ended, which must not happen; the log may tell why");
            err.flush();
            return ExitCode.FAILED;
        }
        return ExitCode.DONE;
    }

    /** The policy that was loaded, with its problems told; null when there is none. */
    private static @Nullable Policy policyOf(PolicyFile.Loaded loaded, PrintWriter err) {
        LoadResult result = loaded.result();
        if (result == null) {
            err.println(loaded.failure());
        } else {
            err.print(ProblemReport.text(result.problems()));
        }
        err.flush();
        return result == null ? null : result.policy();
    }

    private static void reopen(EventLog log, PrintWriter err) {
        try {
            log.reopen();
        } catch (IOException e) {
            err.println("rpcward: the log stays where it is: " + e.getMessage());
            err.flush();
        }
    }

    /** A policy that is wrong, or that this host cannot serve, changes nothing. */
    private void reload(ProxyServer server, EventLog log, PrintWriter err) {
        PolicyFile.Loaded loaded = PolicyFile.load(policyFile);
        Policy policy = policyOf(loaded, err);
        if (policy == null) {
            refused(log, server, "invalid", firstProblem(loaded));
            return;
        }
        try {
            server.reload(policy);
            logPolicy(log, "reload", policy);
        } catch (StartException e) {
            err.println("rpcward: " + e.getMessage());
            err.flush();
            refused(log, server, "failed", e.getMessage());
        }
    }

    private static String firstProblem(PolicyFile.Loaded loaded) {
        LoadResult result = loaded.result();
        if (result == null) {
            return loaded.failure();
        }
        return result.problems().stream()
                .filter(p -> p.severity() == Severity.ERROR)
                .findFirst()
                .map(RunCommand::oneLine)
                .orElse("");
    }

    private static String oneLine(Problem problem) {
        return problem.place() + ": " + problem.text();
    }

    private static void logPolicy(EventLog log, String name, Policy policy) {
        Map<String, Object> event = log.event(name);
        event.put("result", "ok");
        event.put("revision", policy.revision());
        event.put("mode", policy.mode().word());
        log.write(event);
    }

    private static void refused(EventLog log, ProxyServer server, String result, @Nullable String reason) {
        Map<String, Object> event = log.event("reload");
        event.put("result", result);
        event.put("reason", String.valueOf(reason));
        event.put("revision", server.policy().revision());
        log.write(event);
    }
}

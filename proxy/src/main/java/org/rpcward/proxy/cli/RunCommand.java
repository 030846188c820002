package org.rpcward.proxy.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.policy.yaml.Problem;
import org.rpcward.policy.yaml.Severity;
import org.rpcward.proxy.admin.Operator;
import org.rpcward.proxy.admin.Reloaded;
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
            "The log goes to standard output, one JSON object a line, unless the policy has another place for it;"
                    + " what is wrong goes to standard error."
        },
        footer = {
            "",
            "SIGHUP reads the policy again, SIGUSR1 opens the log file anew, SIGTERM lets calls that are under way end"
                    + " and stops."
        })
final class RunCommand implements Callable<Integer> {
    /**
     * What comes in from outside while rpcward serves.
     *
     * @param told is told what came of a reload
     */
    private record Order(Kind kind, CompletableFuture<Reloaded> told) {
        private enum Kind {
            RELOAD,
            STOP,
            REOPEN_LOG,
            /** It can serve no longer. */
            FAIL
        }

        Order(Kind kind) {
            this(kind, new CompletableFuture<>());
        }
    }

    /** Orders wait in one queue, whoever gives them. */
    private record Orders(BlockingQueue<Order> queue) implements Operator {
        @Override
        public CompletableFuture<Reloaded> reload() {
            Order order = new Order(Order.Kind.RELOAD);
            queue.add(order);
            return order.told();
        }

        @Override
        public void stop() {
            queue.add(new Order(Order.Kind.STOP));
        }

        void reopenLog() {
            queue.add(new Order(Order.Kind.REOPEN_LOG));
        }

        void fail() {
            queue.add(new Order(Order.Kind.FAIL));
        }

        Order take() throws InterruptedException {
            return queue.take();
        }
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
        Orders orders = new Orders(new LinkedBlockingQueue<>());
        Signals.on("HUP", orders::reload);
        Signals.on("TERM", orders::stop);
        Signals.on("INT", orders::stop);
        Signals.on("USR1", orders::reopenLog);
        EventLog log = new EventLog(System.out, JournalSocket::open, InstantSource.system());
        log.start();
        try {
            return serve(policy, log, orders, err);
        } finally {
            log.stop();
        }
    }

    private int serve(Policy policy, EventLog log, Orders orders, PrintWriter err) throws InterruptedException {
        ProxyServer server;
        try {
            server = ProxyServer.start(policy, log, policyFile, orders);
        } catch (StartException e) {
            err.println("rpcward: " + e.getMessage());
            err.flush();
            return ExitCode.FAILED;
        }
        logPolicy(log, "start", policy);
        StartPage.print(server, policyFile, err);
        server.ready();
        server.whenBroken(orders::fail);
        Order order = orders.take();
        while (order.kind() == Order.Kind.RELOAD || order.kind() == Order.Kind.REOPEN_LOG) {
            if (order.kind() == Order.Kind.RELOAD) {
                server.reloading();
                Reloaded reloaded = reload(server, log, err);
                server.reloaded(reloaded);
                server.ready();
                order.told().complete(reloaded);
            } else {
                reopen(log, err);
            }
            order = orders.take();
        }
        server.stop();
        if (order.kind() == Order.Kind.FAIL) {
            err.println("rpcward: an event loop has ended, which must not happen; the log may tell why");
            err.flush();
            return ExitCode.FAILED;
        }
        return ExitCode.DONE;
    }

    /** The policy that was loaded, with its problems told; null when there is none. */
    private static @Nullable Policy policyOf(PolicyFile.Loaded loaded, PrintWriter err) {
        err.print(loaded.diagnostics());
        err.flush();
        LoadResult result = loaded.result();
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
    private Reloaded reload(ProxyServer server, EventLog log, PrintWriter err) {
        PolicyFile.Loaded loaded = PolicyFile.load(policyFile);
        Policy policy = policyOf(loaded, err);
        if (policy == null) {
            Reloaded.Result why = loaded.result() == null ? Reloaded.Result.IO : Reloaded.Result.INVALID;
            return refused(log, server, why, firstProblem(loaded), loaded.diagnostics());
        }
        try {
            server.reload(policy);
            logPolicy(log, "reload", policy);
            return reloaded(Reloaded.Result.OK, policy, loaded.diagnostics());
        } catch (StartException e) {
            String said = "rpcward: " + e.getMessage() + System.lineSeparator();
            err.print(said);
            err.flush();
            return refused(log, server, Reloaded.Result.IO, e.getMessage(), loaded.diagnostics() + said);
        }
    }

    private static Reloaded reloaded(Reloaded.Result result, Policy inForce, String diagnostics) {
        String now = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
        return new Reloaded(result, inForce.revision(), diagnostics, now);
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

    private static Reloaded refused(
            EventLog log, ProxyServer server, Reloaded.Result result, @Nullable String reason, String diagnostics) {
        Map<String, Object> event = log.event("reload");
        event.put("result", result.toString());
        event.put("reason", String.valueOf(reason));
        event.put("revision", server.policy().revision());
        log.write(event);
        return reloaded(result, server.policy(), diagnostics);
    }
}

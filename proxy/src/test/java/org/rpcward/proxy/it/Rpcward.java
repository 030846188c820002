package org.rpcward.proxy.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** rpcward, from the distribution, serving on a host of the lab. */
final class Rpcward implements AutoCloseable {
    /** Processes of several hosts have the same numbers, and JVMs share files in /tmp by theirs. */
    static final Map<String, String> ENVIRONMENT = Map.of(
            "RPCWARD_JAVA_OPTS",
            "-XX:-UsePerfData -enableassertions:org.rpcward...",
            "RPCWARD_ARCHIVE",
            Archive.FILE.toString());

    private static final AtomicInteger POLICIES = new AtomicInteger();
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

    private final Path policy;
    private final Running process;

    private Rpcward(Path policy, Running process) {
        this.policy = policy;
        this.process = process;
    }

    /** Starts it, and waits until it serves. */
    static Rpcward start(Host host, String policy) {
        return start(host, policy, Map.of());
    }

    /** The same with more in its environment. */
    static Rpcward start(Host host, String policy, Map<String, String> environment) {
        return start(host, policy, environment, List.of());
    }

    /** The same, begun by a command that takes this one as its arguments. */
    static Rpcward start(Host host, String policy, Map<String, String> environment, List<String> starter) {
        Path file = host.directory().resolve("policy-" + POLICIES.incrementAndGet() + ".yaml");
        write(file, policy);
        Map<String, String> all = new HashMap<>(ENVIRONMENT);
        all.putAll(environment);
        List<String> command = new ArrayList<>(starter);
        command.addAll(command("run", "--policy", file.toString()));
        Rpcward rpcward = new Rpcward(file, host.start(command, all));
        try {
            rpcward.awaitDiagnostics("(?m)^ready$");
        } catch (RuntimeException | Error e) {
            rpcward.close();
            throw e;
        }
        return rpcward;
    }

    static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Programs.distribution().resolve("bin/rpcward").toString());
        command.addAll(List.of(arguments));
        return command;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path policy() {
        return policy;
    }

    void writePolicy(String text) {
        write(policy, text);
    }

    Running process() {
        return process;
    }

    String log() {
        return process.output();
    }

    /** The events of this name in the log, in order. */
    List<Map<String, Object>> events(String name) {
        return log().lines()
                .filter(line -> line.endsWith("}"))
                .map(Json::object)
                .filter(event -> name.equals(event.get("event")))
                .toList();
    }

    String diagnostics() {
        return process.diagnostics();
    }

    /** Waits until the log has a line that matches; returns the first. */
    String awaitLog(String regex) {
        return awaitText(regex, this::log);
    }

    String awaitDiagnostics(String regex) {
        return awaitText(regex, this::diagnostics);
    }

    private interface Text {
        String now();
    }

    private String awaitText(String regex, Text text) {
        Pattern pattern = Pattern.compile(regex);
        await().alias("rpcward says " + regex)
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> {
                    boolean said = pattern.matcher(text.now()).find();
                    if (!said
                            && !process.isAlive()
                            && !pattern.matcher(text.now()).find()) {
                        throw new AssertionError("rpcward ended; log=" + log() + " diagnostics=" + diagnostics());
                    }
                    return said || pattern.matcher(text.now()).find();
                });
        Matcher found = pattern.matcher(text.now());
        return found.find() ? found.group() : "";
    }

    /** Memory that it has, in MiB. */
    long residentMegabytes() {
        try {
            Matcher line = RESIDENT.matcher(Files.readString(Path.of("/proc/" + process.pid() + "/status")));
            if (!line.find()) {
                throw new AssertionError("no memory: rpcward is gone");
            }
            return Long.parseLong(line.group(1)) >> 10;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What it says to a diagnostic command of the JVM. */
    String jcmd(String command) {
        try {
            String jcmd =
                    Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
            Process asked = new ProcessBuilder(jcmd, Long.toString(process.pid()), command)
                    .redirectErrorStream(true)
                    .start();
            String said = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (asked.waitFor() != 0) {
                throw new AssertionError(said);
            }
            return said;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        process.close();
    }
}

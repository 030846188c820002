package org.rpcward.proxy.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A host: namespaces for network, processes and mounts, with a /run of its own. Its first process reads what nobody
 * writes, and so ends when this JVM does; with it the kernel ends all others and takes the interfaces away.
 */
final class Host implements AutoCloseable {
    private static final Duration COMMAND_PATIENCE = Duration.ofSeconds(60);

    private static final String FIRST_PROCESS = """
            mount -t tmpfs none /run && mkdir -p /run/rpcbind || exit 1
            for f in all default; do echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad; done
            ip link set lo up && echo up && exec cat
            """;

    private final String name;
    private final Path directory;
    private final Process holder;
    private final long firstPid;
    private final AtomicInteger commands = new AtomicInteger();

    /** What a command that has ended said. */
    record Finished(int status, String output, String diagnostics, Duration took) {
        Finished orFail() {
            if (status != 0) {
                throw new AssertionError("status=" + status + " output=" + output + " diagnostics=" + diagnostics);
            }
            return this;
        }

        String all() {
            return output + diagnostics;
        }
    }

    /** @param directory where the output of its processes goes */
    Host(String name, Path directory) {
        this.name = name;
        this.directory = directory;
        try {
            holder = new ProcessBuilder(
                            Programs.path("unshare"),
                            "--net",
                            "--mount",
                            "--pid",
                            "--fork",
                            "--kill-child",
                            "--mount-proc",
                            "--propagation",
                            "private",
                            Programs.path("sh"),
                            "-c",
                            FIRST_PROCESS)
                    .redirectErrorStream(true)
                    .start();
            // Not closed: that would end the host.
            BufferedReader said =
                    new BufferedReader(new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8));
            String line = said.readLine();
            if (!"up".equals(line)) {
                holder.destroyForcibly();
                throw new IllegalStateException("host=" + name + " said=" + line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        firstPid = holder.toHandle()
                .children()
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no process in host=" + name))
                .pid();
    }

    /** The pid by which {@code ip link} knows the host's network. */
    long firstPid() {
        return firstPid;
    }

    Path directory() {
        return directory;
    }

    /** Runs commands of ip(8), one a line. */
    void ip(String batch) {
        shell("ip -batch - <<'EOF'\n" + batch + "\nEOF\n").orFail();
    }

    /** Lays a wire between an interface of this host and one of another, which both come to be by that. */
    void wire(String own, Host other, String others) {
        String link = "ip link add " + own + " type veth peer name " + others + " netns " + other.firstPid;
        try {
            // Not within the host's own numbering of processes.
            Process process = new ProcessBuilder(
                            Programs.path("nsenter"), "--target", Long.toString(firstPid), "--net", "sh", "-c", link)
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(link + ": " + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    Finished shell(String script) {
        return run(List.of("sh", "-c", script));
    }

    /** Runs a command to its end. */
    Finished run(List<String> command) {
        return run(command, COMMAND_PATIENCE);
    }

    Finished run(List<String> command, Duration patience) {
        return run(command, Map.of(), patience);
    }

    Finished run(List<String> command, Map<String, String> environment, Duration patience) {
        long begin = System.nanoTime();
        try (Running running = start(command, environment)) {
            int status = running.exit(patience);
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            return new Finished(status, running.output(), running.diagnostics(), took);
        }
    }

    Running start(List<String> command) {
        return start(command, Map.of());
    }

    /** Starts a command without input; its output goes to files. */
    Running start(List<String> command, Map<String, String> environment) {
        int number = commands.incrementAndGet();
        Path output = directory.resolve(name + "-" + number + ".out");
        Path diagnostics = directory.resolve(name + "-" + number + ".err");
        ProcessBuilder builder = inside(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile())
                .redirectError(diagnostics.toFile());
        builder.environment().putAll(environment);
        return start(builder, output, diagnostics);
    }

    /** Starts a command that is spoken with over its standard input and output. */
    Running converse(List<String> command) {
        Path diagnostics = directory.resolve(name + "-" + commands.incrementAndGet() + ".err");
        return start(inside(command).redirectError(diagnostics.toFile()), diagnostics, diagnostics);
    }

    private static Running start(ProcessBuilder builder, Path output, Path diagnostics) {
        try {
            return new Running(builder.start(), output, diagnostics);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ProcessBuilder inside(List<String> command) {
        List<String> all = new ArrayList<>(List.of(
                Programs.path("nsenter"), "--target", Long.toString(firstPid), "--net", "--mount", "--pid", "--"));
        all.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(all);
        builder.environment().keySet().removeAll(List.of("RPCWARD_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "NOTIFY_SOCKET"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("PATH", "/usr/sbin:/sbin:/usr/bin:/bin");
        builder.environment().put("LC_ALL", "C");
        return builder;
    }

    @Override
    public void close() {
        holder.destroyForcibly();
        try {
            holder.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

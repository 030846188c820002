package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A process on a host of the lab. */
final class Running implements AutoCloseable {
    private final Process entering;
    private final ProcessHandle inside;
    private final Path output;
    private final Path diagnostics;

    /**
     * @param entering the process that entered the host's namespaces, and waits for the one that it started inside
     */
    Running(Process entering, Path output, Path diagnostics) {
        this.entering = entering;
        this.output = output;
        this.diagnostics = diagnostics;
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(2))
                .until(() -> !entering.isAlive()
                        || entering.toHandle().children().findFirst().isPresent());
        this.inside = entering.toHandle().children().findFirst().orElse(entering.toHandle());
    }

    /** What is connected to its standard input and output, unless these were redirected. */
    Process process() {
        return entering;
    }

    long pid() {
        return inside.pid();
    }

    boolean isAlive() {
        return entering.isAlive();
    }

    String output() {
        return read(output);
    }

    String diagnostics() {
        return read(diagnostics);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void signal(String name) {
        signal(name, pid());
    }

    /** Stops it, and what entered with it. */
    void pause() {
        signal("STOP");
    }

    /** Lets it go on. The process that entered stopped as well when it saw the other stop. */
    void resume() {
        signal("CONT");
        signal("CONT", entering.pid());
    }

    /** From now on it may have no more files open than this; what is open stays. */
    void descriptors(int limit) {
        // The soft limit only: not everybody may raise the other one again.
        assertThat(run("prlimit", "--pid", Long.toString(pid()), "--nofile=" + limit + ":"))
                .isZero();
    }

    private static void signal(String name, long pid) {
        run("kill", "-" + name, Long.toString(pid));
    }

    private static int run(String... command) {
        try {
            return new ProcessBuilder(command).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
        }
    }

    /** Waits for its end, and returns its exit code. */
    int exit(Duration patience) {
        try {
            if (!entering.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(
                        "still running after " + patience + "; output=" + output() + " diagnostics=" + diagnostics());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
        return entering.exitValue();
    }

    /** Ends it, at once when it does not end by itself soon. */
    @Override
    public void close() {
        if (!entering.isAlive()) {
            return;
        }
        signal("TERM");
        try {
            if (!entering.waitFor(8, TimeUnit.SECONDS)) {
                signal("KILL");
                entering.waitFor(5, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        entering.destroyForcibly();
    }
}

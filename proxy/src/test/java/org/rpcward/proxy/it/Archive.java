package org.rpcward.proxy.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The archive of classes from which an installed rpcward starts. Its first user makes it, once for each build and Java, and
 * not within the distribution, which others copy meanwhile.
 */
final class Archive {
    static final Path FILE = make();

    private Archive() {}

    private static Path make() {
        Path distribution = Programs.distribution();
        try {
            Path directory = Files.createDirectories(distribution.resolveSibling("archive"));
            Path file = directory.resolve(System.getProperty("java.version"));
            // Several JVMs that test may need it at the same time.
            try (FileChannel channel = FileChannel.open(
                            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (lock.isValid() && Files.notExists(file)) {
                    make(distribution, file);
                }
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void make(Path distribution, Path file) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        distribution.resolve("bin/rpcward").toString(), "--make-archive")
                .redirectErrorStream(true);
        builder.environment().remove("RPCWARD_JAVA_OPTS");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("RPCWARD_ARCHIVE", file.toString());
        Process making = builder.start();
        String said = new String(making.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (making.waitFor() != 0) {
                throw new IllegalStateException(said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}

package org.rpcward.proxy.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.yaml.GroupFiles;
import org.rpcward.policy.yaml.LoadResult;
import org.rpcward.policy.yaml.PolicyLoader;
import org.rpcward.policy.yaml.ProblemReport;

/** A policy on disk, with the files that its groups name beside it. */
public final class PolicyFile {
    private static final Path STANDARD_INPUT = Path.of("/dev/stdin");
    private static final Path DESCRIPTORS = Path.of("/dev/fd");

    private PolicyFile() {}

    /**
     * What came of reading a policy: its load result, or one line on why the file could not be read at all.
     */
    public record Loaded(@Nullable LoadResult result, String failure) {
        /** All that is to be told of it, as {@code rpcward check} tells it; empty when there is nothing. */
        public String diagnostics() {
            return result == null ? failure + System.lineSeparator() : ProblemReport.text(result.problems());
        }
    }

    /** Reads a policy. Files of groups are looked up relative to its directory. */
    public static Loaded load(String name) {
        Path path;
        try {
            path = Path.of(name);
        } catch (InvalidPathException e) {
            return new Loaded(null, name + ": not the name of a file");
        }
        try {
            byte[] text = read(path, PolicyLoader.LONGEST_POLICY);
            return new Loaded(PolicyLoader.load(name, text, groupFilesOf(path)), "");
        } catch (IOException e) {
            return new Loaded(null, name + ": " + reason(path, e));
        }
    }

    private static GroupFiles groupFilesOf(Path policy) {
        return file -> {
            try {
                Path path = policy.resolveSibling(file);
                return GroupFiles.Content.of(read(path, PolicyLoader.LONGEST_GROUP_FILE));
            } catch (InvalidPathException e) {
                return GroupFiles.Content.failed("not the name of a file");
            } catch (IOException e) {
                return GroupFiles.Content.failed(reason(policy.resolveSibling(file), e));
            }
        };
    }

    /**
     * One byte more than allowed, so that the loader sees that a file is too long and says so. A pipe or a device could
     * keep whoever reads it waiting for ever, and a reload with him: only those that were handed over open are read.
     */
    private static byte[] read(Path path, int longest) throws IOException {
        if (Files.exists(path) && !Files.isRegularFile(path) && !isHandedOver(path)) {
            throw new IOException("not a regular file");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(longest + 1);
        }
    }

    private static boolean isHandedOver(Path path) {
        return path.equals(STANDARD_INPUT) || path.startsWith(DESCRIPTORS);
    }

    private static String reason(Path path, IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        return Files.isDirectory(path) ? "is a directory" : String.valueOf(e.getMessage());
    }
}

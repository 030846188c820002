package org.rpcward.proxy.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Files of ASCII lines with the sum of all lines before as the last one. They are replaced as wholes, and one that was cut
 * or changed is not believed.
 */
final class SummedFile {
    private static final String CHECK = "sha256 ";

    /** Who asks here, and who owns what at the backend, is nobody else's business. */
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /** More than the bans are that there can be, each with as long a reason as it may have. */
    private static final int LONGEST_FILE = 64 << 20;

    /**
     * What is in a file.
     *
     * @param text the lines before the sum; null when the sum is not theirs, or the file cannot be read
     * @param failure why it cannot be read; else empty
     */
    record Contents(@Nullable String text, String failure) {}

    private SummedFile() {}

    /** Null when there is no such file. */
    static @Nullable Contents read(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // A pipe would keep the start waiting for ever.
            return new Contents(null, file + " cannot be read: it is no regular file");
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            byte[] bytes = in.readNBytes(LONGEST_FILE + 1);
            return new Contents(
                    bytes.length > LONGEST_FILE ? null : checked(new String(bytes, StandardCharsets.US_ASCII)), "");
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            return new Contents(null, file + " cannot be read: " + e);
        }
    }

    private static @Nullable String checked(String text) {
        int check = text.lastIndexOf(CHECK);
        return check <= 0 || !text.substring(check).equals(checkOf(text.substring(0, check)))
                ? null
                : text.substring(0, check);
    }

    /** Why the file cannot be written, or null when it is. */
    static @Nullable String write(Path file, String text) {
        Path temporary = file.resolveSibling(Objects.requireNonNull(file.getFileName()) + ".new");
        try {
            // What stands there is left from a crash, or was put there to lead the writing elsewhere.
            if (!Files.isDirectory(temporary, LinkOption.NOFOLLOW_LINKS)) {
                Files.deleteIfExists(temporary);
            }
            try (WritableByteChannel out = Files.newByteChannel(
                    temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWNER_ONLY)) {
                ByteBuffer bytes = StandardCharsets.US_ASCII.encode(text + checkOf(text));
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return null;
        } catch (IOException e) {
            return file + " cannot be written: " + e;
        }
    }

    private static String checkOf(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return CHECK + HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.US_ASCII))) + "\n";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}

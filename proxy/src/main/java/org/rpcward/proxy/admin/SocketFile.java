package org.rpcward.proxy.admin;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.AdminPolicy;

/*
 * A process cannot choose the mode of a socket that it binds but by its umask, which Java does not reach, and a socket
 * listens from the moment on that Netty bound it. So it is bound in a directory that nobody else can enter, made ours
 * alone, and then moved to its place, which also puts it in the place of a dead one at once.
 */
/** The file of a control socket. */
final class SocketFile {
    private static final String PRIVATE_DIRECTORY = "rwx------";
    private static final String PRIVATE_SOCKET = "rw-------";

    // Of a file's mode: stat(2).
    private static final int FILE_TYPE = 0170000;
    private static final int SOCKET = 0140000;

    private final Path path;
    private final Path staging;
    private final boolean madeDirectory;
    private @Nullable Object key;

    private SocketFile(Path path, Path staging, boolean madeDirectory) {
        this.path = path;
        this.staging = staging;
        this.madeDirectory = madeDirectory;
    }

    /**
     * Looks whether a socket may be put there, and makes the directory when only that is missing.
     *
     * @throws IOException with a reason for people, when not
     */
    static SocketFile prepare(Path path) throws IOException {
        Path directory = Objects.requireNonNull(path.getParent(), "an absolute path of a file");
        requireFree(path);
        try {
            boolean missing = !Files.isDirectory(directory);
            if (missing) {
                Files.createDirectory(directory, permissions(PRIVATE_DIRECTORY));
            }
            String name = String.format("%04x", ThreadLocalRandom.current().nextInt(0x10000));
            Path staging = directory.resolve("." + name).resolve("s");
            if (staging.toString().getBytes(StandardCharsets.UTF_8).length > AdminPolicy.LONGEST_SOCKET) {
                throw new IOException("the directory " + directory + " has too long a name for a socket in it");
            }
            Files.createDirectory(Objects.requireNonNull(staging.getParent()), permissions(PRIVATE_DIRECTORY));
            return new SocketFile(path, staging, missing);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no directory for it", e);
        } catch (java.nio.file.AccessDeniedException e) {
            throw new IOException("permission to write to " + directory + " is denied", e);
        }
    }

    private static java.nio.file.attribute.FileAttribute<?> permissions(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }

    /** A dead process leaves its socket behind, which may be replaced; anything else there belongs to somebody. */
    private static void requireFree(Path path) throws IOException {
        BasicFileAttributes there = attributes(path);
        if (there == null) {
            return;
        }
        if (!isSocket(path)) {
            throw new IOException("something that is no socket is there already");
        }
        try (SocketChannel probe = SocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException e) {
            return;
        } catch (IOException e) {
            throw new IOException("a socket is there already that cannot be looked into: " + e.getMessage(), e);
        }
        throw new IOException("another process answers there; is rpcward running already?");
    }

    /** A pipe or a device is none, though nobody answers there either. */
    private static boolean isSocket(Path path) throws IOException {
        return Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) instanceof Integer mode
                && (mode & FILE_TYPE) == SOCKET;
    }

    private static @Nullable BasicFileAttributes attributes(Path path) throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    Path path() {
        return path;
    }

    /** Whether its directory was missing, and was made. It stays when the socket goes. */
    boolean madeDirectory() {
        return madeDirectory;
    }

    /** Where to bind. */
    Path staging() {
        return staging;
    }

    /** Puts the socket that was bound in its place, for its owner alone. */
    void publish() throws IOException {
        Files.setPosixFilePermissions(staging, PosixFilePermissions.fromString(PRIVATE_SOCKET));
        BasicFileAttributes bound = attributes(staging);
        key = bound == null ? null : bound.fileKey();
        Files.move(staging, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        clean();
    }

    /** Takes away what {@link #prepare} made. */
    void clean() throws IOException {
        Files.deleteIfExists(staging);
        Files.deleteIfExists(Objects.requireNonNull(staging.getParent()));
    }

    /** Takes the socket away, unless another one is in its place by now. */
    void remove() throws IOException {
        BasicFileAttributes there = attributes(path);
        if (there != null && key != null && key.equals(there.fileKey())) {
            Files.deleteIfExists(path);
        }
    }
}

package org.rpcward.proxy.observe;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.function.Function;

/** One event a line, UTF-8. */
final class LineSink implements EventSink {
    private final OutputStream out;
    private final boolean owned;
    private final Function<Map<String, Object>, String> form;

    private LineSink(OutputStream out, boolean owned, Function<Map<String, Object>, String> form) {
        this.out = out;
        this.owned = owned;
        this.form = form;
    }

    /** Writes to a stream that stays open. */
    static LineSink to(OutputStream out, Function<Map<String, Object>, String> form) {
        return new LineSink(out, false, form);
    }

    /**
     * Appends to a file, which is made when it is not there: 0640, since it tells who asked for what.
     *
     * @throws IOException when it cannot be written
     */
    static LineSink to(Path file, Function<Map<String, Object>, String> form) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // Opening a FIFO would wait for its reader.
            throw new IOException("is no regular file");
        }
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
        } catch (FileAlreadyExistsException e) {
            // It goes on as it is, with whatever rights it was given.
        } catch (NoSuchFileException e) {
            throw new IOException("there is no directory " + file.getParent(), e);
        } catch (AccessDeniedException e) {
            throw new IOException("no right to make a file in " + file.getParent(), e);
        }
        try {
            return new LineSink(
                    new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.APPEND)), true, form);
        } catch (AccessDeniedException e) {
            throw new IOException("permission denied", e);
        }
    }

    @Override
    public void write(Map<String, Object> event) throws IOException {
        out.write((form.apply(event) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() {
        try {
            if (owned) {
                out.close();
            } else {
                out.flush();
            }
        } catch (IOException e) {
            // The last lines are lost; there is nobody left to tell.
        }
    }
}

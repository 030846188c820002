package org.rpcward.proxy.server;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.registry.RegistryStore;
import org.rpcward.proxy.rpcbind.BackendReply;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.UniversalAddress;

/**
 * Registries on disk, a file a backend, so that a restart while a backend is away still answers.
 *
 * <pre>
 *   rpcward-registry 1 2026-11-05T09:30:00Z 127.0.0.1:111
 *   100003 3 tcp 0.0.0.0.8.1 superuser
 *   ...
 *   sha256 of all lines before
 * </pre>
 *
 * A file is replaced as a whole. One that is cut, changed, from the future, older than any registry may be used, or of
 * another address is not believed.
 */
final class StateFiles implements RegistryStore {
    private static final String HEADER = "rpcward-registry 1 ";
    private static final String NO_OWNER = "-";

    /** The longest that a policy may call a registry usable. */
    private static final Duration OLDEST = Duration.ofDays(7);

    /** Rows that did not change are written again only so often, to tell that they were seen. */
    private static final Duration UNCHANGED = Duration.ofMinutes(1);

    private final Path directory;
    private final InstantSource clock;
    private final ExecutorService writer;
    private final Consumer<String> failures;
    private final Map<String, Saved> saved = new HashMap<>();

    private record Saved(List<Mapping> rows, Instant at) {}

    /**
     * @param writer does the writing, one file after another
     * @param failures is told why a file could not be read or written
     */
    StateFiles(Path directory, InstantSource clock, ExecutorService writer, Consumer<String> failures) {
        this.directory = directory;
        this.clock = clock;
        this.writer = writer;
        this.failures = failures;
    }

    private Path file(String backend) {
        // The name of a backend may have any character; the file's has only harmless ones, and is as unique.
        StringBuilder name = new StringBuilder();
        for (byte b : backend.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-';
            name.append(plain ? String.valueOf((char) b) : String.format("_%02x", b));
        }
        return directory.resolve(name + ".registry");
    }

    @Override
    public @Nullable Kept load(BackendPolicy backend) {
        Path file = file(backend.name());
        SummedFile.Contents contents = SummedFile.read(file);
        if (contents == null) {
            return null;
        }
        Kept kept = contents.text() == null ? null : parse(contents.text(), backend);
        if (kept == null) {
            failures.accept(
                    contents.failure().isEmpty()
                            ? file + " is not what was written there for this backend, and is not used"
                            : contents.failure());
        }
        return kept;
    }

    private @Nullable Kept parse(String text, BackendPolicy backend) {
        List<String> lines = text.lines().toList();
        try {
            Duration age = ageOf(lines.get(0), backend);
            List<Mapping> rows = new ArrayList<>();
            for (String line : lines.subList(1, lines.size())) {
                Mapping row = row(line.split(" ", -1));
                if (row == null || rows.size() >= BackendReply.MAX_ROWS) {
                    return null;
                }
                rows.add(row);
            }
            return age == null ? null : new Kept(rows, age);
        } catch (DateTimeParseException | NumberFormatException e) {
            // The sum is right, and yet we did not write this.
            return null;
        }
    }

    /** How old the rows are, and never so young that the backend would not be asked; null when they are not to be used. */
    private @Nullable Duration ageOf(String header, BackendPolicy backend) {
        String[] fields = header.split(" ", -1);
        if (fields.length != 4 || !header.startsWith(HEADER) || !fields[3].equals(addressesOf(backend))) {
            return null;
        }
        Duration age = Duration.between(Instant.parse(fields[2]), clock.instant());
        if (age.isNegative() || age.compareTo(OLDEST) > 0) {
            return null;
        }
        return age.compareTo(backend.fresh()) < 0 ? backend.fresh() : age;
    }

    private static String addressesOf(BackendPolicy backend) {
        return backend.endpoints().stream().map(Object::toString).collect(Collectors.joining(","));
    }

    private static @Nullable Mapping row(String[] fields) {
        if (fields.length != 5) {
            return null;
        }
        return BackendReply.registration(
                Integer.parseUnsignedInt(fields[0]),
                Integer.parseUnsignedInt(fields[1]),
                fields[2],
                fields[3],
                fields[4].equals(NO_OWNER) ? "" : fields[4]);
    }

    @Override
    public void save(BackendPolicy backend, List<Mapping> rows) {
        Instant now = clock.instant();
        Saved before = saved.get(backend.name());
        boolean known = before != null
                && before.rows().equals(rows)
                && Duration.between(before.at(), now).compareTo(UNCHANGED) < 0;
        if (!known) {
            saved.put(backend.name(), new Saved(rows, now));
            String header = HEADER + now + " " + addressesOf(backend);
            writer.execute(() -> write(file(backend.name()), header, rows));
        }
    }

    private void write(Path file, String header, List<Mapping> rows) {
        StringBuilder text = new StringBuilder(header).append('\n');
        for (Mapping row : rows) {
            text.append(Integer.toUnsignedString(row.program())).append(' ');
            text.append(Integer.toUnsignedString(row.version())).append(' ');
            text.append(row.netid()).append(' ');
            text.append(new UniversalAddress(row.host(), row.port())).append(' ');
            text.append(row.owner().isEmpty() ? NO_OWNER : row.owner()).append('\n');
        }
        String failure = SummedFile.write(file, text.toString());
        if (failure != null) {
            failures.accept(failure);
        }
    }
}

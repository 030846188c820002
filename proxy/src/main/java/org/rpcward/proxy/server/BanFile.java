package org.rpcward.proxy.server;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanStore;
import org.rpcward.proxy.ban.Bans;

/**
 * Bans on disk, so that a restart lifts none.
 *
 * <pre>
 *   rpcward-bans 1
 *   ban 192.0.2.7/32 automatic 2026-11-05T09:30:00Z 240000000000 2 17 enumeration evidence+in+words
 *   offences 192.0.2.7/32 2 2026-11-06T09:30:00Z
 *   pardon 192.0.2.0/24 2026-11-05T10:12:00Z
 *   sha256 of all lines before
 * </pre>
 *
 * A ban has its end, its whole length in nanoseconds, which ban of the source it is, how many calls it kept out, reason and
 * evidence. A file with anything else in it is not believed.
 */
final class BanFile implements BanStore {
    private static final String HEADER = "rpcward-bans 1";

    /** Lines that can have been written: more than any number of entries that is kept. */
    private static final int MOST_LINES = 50_000;

    private final Path file;
    private final Consumer<String> failures;

    /** Why it could not be written last time, which is told once; used by whoever saves. */
    private @Nullable String told;

    /** @param failures is told why the file could not be read or written */
    BanFile(Path directory, Consumer<String> failures) {
        this.file = directory.resolve("bans");
        this.failures = failures;
    }

    @Override
    public @Nullable Kept load() {
        SummedFile.Contents contents = SummedFile.read(file);
        if (contents == null) {
            return null;
        }
        Kept kept = contents.text() == null ? null : parse(contents.text());
        if (kept == null) {
            failures.accept(
                    contents.failure().isEmpty()
                            ? file + " is not what was written there, and is not used: no ban is in force"
                            : contents.failure());
        }
        return kept;
    }

    private static @Nullable Kept parse(String text) {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.get(0).equals(HEADER) || lines.size() > MOST_LINES) {
            return null;
        }
        List<Ban> bans = new ArrayList<>();
        List<Offences> offences = new ArrayList<>();
        List<Pardon> pardons = new ArrayList<>();
        try {
            for (String line : lines.subList(1, lines.size())) {
                String[] fields = line.split(" ", -1);
                switch (fields[0]) {
                    case "ban" -> bans.add(ban(fields));
                    case "offences" ->
                        offences.add(new Offences(prefix(fields, 4), positive(fields[2]), Instant.parse(fields[3])));
                    case "pardon" -> pardons.add(new Pardon(prefix(fields, 3), Instant.parse(fields[2])));
                    default -> throw new IllegalArgumentException(fields[0]);
                }
            }
        } catch (DateTimeParseException | IllegalArgumentException e) {
            // The sum is right, and yet we did not write this.
            return null;
        }
        return new Kept(bans, offences, pardons);
    }

    private static Ban ban(String[] fields) {
        AddressPrefix prefix = prefix(fields, 9);
        Duration length = Duration.ofNanos(Long.parseLong(fields[4]));
        long hits = Long.parseLong(fields[6]);
        int offence = Integer.parseInt(fields[5]);
        if (length.isNegative() || length.isZero() || length.compareTo(Bans.LONGEST_MANUAL) > 0 || hits < 0) {
            throw new IllegalArgumentException("out of bounds");
        }
        return new Ban(
                prefix,
                Ban.Kind.ofWord(fields[2]),
                decode(fields[7]),
                decode(fields[8]),
                length,
                Instant.parse(fields[3]),
                offence,
                hits);
    }

    private static AddressPrefix prefix(String[] fields, int count) {
        if (fields.length != count) {
            throw new IllegalArgumentException("fields=" + fields.length);
        }
        Optional<AddressPrefix> prefix = AddressPrefix.parse(fields[1]);
        return prefix.orElseThrow(() -> new IllegalArgumentException(fields[1]));
    }

    private static int positive(String text) {
        int number = Integer.parseInt(text);
        if (number <= 0) {
            throw new IllegalArgumentException(text);
        }
        return number;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public boolean save(Kept kept) {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        for (Ban ban : kept.bans()) {
            String line = String.join(
                    " ",
                    "ban",
                    ban.prefix().toString(),
                    ban.kind().word(),
                    ban.until().toString(),
                    Long.toString(ban.length().toNanos()),
                    Integer.toString(ban.offence()),
                    Long.toString(ban.hits()),
                    encode(ban.reason()),
                    encode(ban.evidence()));
            text.append(line).append('\n');
        }
        for (Offences o : kept.offences()) {
            text.append("offences " + o.source() + " " + o.count() + " " + o.until() + "\n");
        }
        for (Pardon pardon : kept.pardons()) {
            text.append("pardon " + pardon.prefix() + " " + pardon.until() + "\n");
        }
        String failure = SummedFile.write(file, text.toString());
        if (failure != null && !failure.equals(told)) {
            failures.accept(failure);
        }
        told = failure;
        return failure == null;
    }
}

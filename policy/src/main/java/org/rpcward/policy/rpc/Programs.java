package org.rpcward.policy.rpc;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The programs that are known by name, with what is known against them. */
public final class Programs {
    /** The name of the ready-made set of programs that nobody should be shown. */
    public static final String DANGEROUS = "dangerous";

    /** The danger from which on a program is in {@link #dangerous()} whatever the policy word. */
    private static final int ROOT_BY_DESIGN = 5;

    private static final String RESOURCE = "programs.txt";
    private static final int FIELDS = 7;

    private static final List<Entry> ALL = read();
    private static final Map<String, Entry> BY_NAME = new HashMap<>();
    private static final Map<Integer, Entry> BY_NUMBER = new HashMap<>();
    private static final ProgramSet DANGEROUS_SET;

    static {
        ProgramSet dangerous = ProgramSet.NONE;
        for (Entry e : ALL) {
            put(BY_NUMBER, e.number(), e);
            put(BY_NAME, e.name().toLowerCase(Locale.ROOT), e);
            e.aliases().forEach(alias -> put(BY_NAME, alias.toLowerCase(Locale.ROOT), e));
            if (e.isDangerous()) {
                dangerous = dangerous.union(ProgramSet.of(e.number()));
            }
        }
        DANGEROUS_SET = dangerous;
    }

    private Programs() {}

    /** What to do about a program as long as nobody has decided otherwise. */
    public enum Advice {
        /** Show it to the clients of its role, an NFS server's for example. */
        ROLE,
        /** Never show it to the network. */
        LOCAL,
        /** Do not show it. */
        DENY,
        /** Do not show it, and look into it when somebody asks. */
        ALARM,
        /** The administrator has to say. */
        ASK
    }

    /**
     * A program.
     *
     * @param number unsigned
     * @param name as {@code rpcinfo} shows it
     * @param aliases other names that policies may use
     * @param versions the usual ones, for people: {@code 2-4}
     * @param danger 0 (plumbing) to 5 (gives away the host by design or by its history)
     * @param story why, in one sentence
     */
    public record Entry(
            int number, String name, List<String> aliases, String versions, int danger, Advice advice, String story) {
        public Entry {
            aliases = List.copyOf(aliases);
        }

        boolean isDangerous() {
            return advice == Advice.ALARM || danger >= ROOT_BY_DESIGN;
        }
    }

    /** The program of this name or alias, in whatever case. */
    public static Optional<Entry> byName(String name) {
        return Optional.ofNullable(BY_NAME.get(name.toLowerCase(Locale.ROOT)));
    }

    /** The program of this number, unsigned, or null. */
    public static @Nullable Entry byNumber(int number) {
        return BY_NUMBER.get(number);
    }

    /** All programs, by number. */
    public static List<Entry> all() {
        return ALL;
    }

    /** All versions of the programs that nobody should be shown: those with the advice to alarm, and those of danger 5. */
    public static ProgramSet dangerous() {
        return DANGEROUS_SET;
    }

    /** A program in a few words: its name and number, or its number and the range it lies in (RFC 5531, section 8.3). */
    public static String describe(int number) {
        Entry entry = byNumber(number);
        String digits = Integer.toUnsignedString(number);
        return entry == null ? digits + " (" + rangeOf(number) + ")" : entry.name() + " (" + digits + ")";
    }

    private static String rangeOf(int number) {
        return switch (number >>> 29) {
            case 0 -> "assigned, not in the table";
            case 1 -> "site-defined";
            case 2 -> "transient";
            default -> "reserved";
        };
    }

    private static <K> void put(Map<K, Entry> map, K key, Entry entry) {
        if (map.putIfAbsent(key, entry) != null) {
            throw new IllegalStateException("the program table has a key twice: key=" + key);
        }
    }

    private static List<Entry> read() {
        try (InputStream in = Programs.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("the program table is missing: resource=" + RESOURCE);
            }
            List<Entry> entries = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    entries.add(parse(line));
                }
            }
            entries.sort(Comparator.comparing(Entry::number, Integer::compareUnsigned));
            return List.copyOf(entries);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Entry parse(String line) {
        String[] fields = line.split("\\|", -1);
        if (fields.length != FIELDS) {
            throw new IllegalStateException("the program table has a bad line: line=" + line);
        }
        String aliases = fields[2].strip();
        return new Entry(
                Integer.parseUnsignedInt(fields[0].strip()),
                fields[1].strip(),
                aliases.isEmpty() ? List.of() : List.of(aliases.split(" +", -1)),
                fields[3].strip(),
                Integer.parseInt(fields[4].strip()),
                Advice.valueOf(fields[5].strip().toUpperCase(Locale.ROOT)),
                fields[6].strip());
    }
}

package org.rpcward.proxy.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.rpcbind.Mapping;

/**
 * One difference between two readings of a registry.
 *
 * @param before null where the registration is new
 * @param after null where it is gone
 */
public record RegistryChange(
        Kind kind, @Nullable Mapping before, @Nullable Mapping after) {

    /** What happened to a registration. Each is counted by its word. */
    public enum Kind {
        APPEARED,
        /** It is new, and its program number is one that services make up as they go (RFC 5531, section 8.3). */
        TRANSIENT,
        GONE,
        /** Its address or port changed. */
        MOVED,
        OWNER;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }

    /** Comparable, because a backend chooses the hashes. */
    private record Key(int program, int version, String netid) implements Comparable<Key> {
        private static final Comparator<Key> ORDER = Comparator.comparingInt(Key::program)
                .thenComparingInt(Key::version)
                .thenComparing(Key::netid);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }

        static Key of(Mapping row) {
            return new Key(row.program(), row.version(), row.netid());
        }
    }

    /** Program numbers from 0x40000000 to 0x5fffffff. */
    private static boolean isTransient(Mapping row) {
        return row.program() >>> 29 == 2;
    }

    /** The registration that this is about, as it is or as it was. */
    public Mapping registration() {
        if (after != null) {
            return after;
        }
        if (before != null) {
            return before;
        }
        throw new IllegalStateException("a change of nothing");
    }

    /** What has changed between two readings. Of a registration that stands twice, the last counts. */
    public static List<RegistryChange> between(List<Mapping> before, List<Mapping> after) {
        Map<Key, Mapping> gone = new LinkedHashMap<>();
        before.forEach(row -> gone.put(Key.of(row), row));
        Map<Key, Mapping> now = new LinkedHashMap<>();
        after.forEach(row -> now.put(Key.of(row), row));
        List<RegistryChange> changes = new ArrayList<>();
        now.forEach((key, row) -> {
            Mapping old = gone.remove(key);
            if (old == null) {
                changes.add(new RegistryChange(isTransient(row) ? Kind.TRANSIENT : Kind.APPEARED, null, row));
            } else if (old.port() != row.port() || !old.host().equals(row.host())) {
                changes.add(new RegistryChange(Kind.MOVED, old, row));
            } else if (!old.owner().equals(row.owner())) {
                changes.add(new RegistryChange(Kind.OWNER, old, row));
            }
        });
        gone.values().forEach(row -> changes.add(new RegistryChange(Kind.GONE, row, null)));
        return changes;
    }
}

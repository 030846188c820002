package org.rpcward.proxy.ban;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;

/**
 * The bans in force: by source for the calls that come, by prefix for changes, by end for the clock. Whoever changes it
 * holds a lock; {@link #find}, {@link #isEmpty} and {@link #count} are for any thread.
 */
final class InForce {
    private final BanTable bySource;
    private final Map<AddressPrefix, BanTable.Entry> byPrefix = new HashMap<>();
    private final ExpiryWheel byEnd;
    private volatile int automatic;
    private volatile int manual;

    /**
     * @param seed of the table, which nobody may guess
     * @param nowNanos when time begins for it
     */
    InForce(long seed, long nowNanos) {
        this.bySource = new BanTable(seed);
        this.byEnd = new ExpiryWheel(nowNanos);
    }

    boolean isEmpty() {
        return bySource.size() == 0;
    }

    /** The ban that covers a source now, or null. */
    BanTable.@Nullable Entry find(IpAddress source, long nowNanos) {
        return bySource.find(source, nowNanos);
    }

    /** The ban of just this prefix, or null. */
    BanTable.@Nullable Entry of(AddressPrefix prefix) {
        return byPrefix.get(prefix);
    }

    /** In the place of a ban of the same prefix, if there is one. */
    void add(BanTable.Entry entry) {
        BanTable.Entry before = byPrefix.put(entry.prefix, entry);
        if (before != null) {
            byEnd.remove(before);
            count(before, -1);
        }
        bySource.put(entry);
        byEnd.add(entry);
        count(entry, 1);
    }

    void remove(BanTable.Entry entry) {
        byEnd.remove(entry);
        forget(entry);
    }

    private void forget(BanTable.Entry entry) {
        byPrefix.remove(entry.prefix);
        bySource.remove(entry.prefix);
        count(entry, -1);
    }

    /** Takes away what has ended by now. */
    void advance(long nowNanos, Consumer<BanTable.Entry> ended) {
        byEnd.advance(nowNanos, entry -> {
            forget(entry);
            ended.accept(entry);
        });
    }

    /** The automatic ban that ends first, or null. */
    BanTable.@Nullable Entry firstAutomatic() {
        return byEnd.first(e -> e.kind == Ban.Kind.AUTOMATIC);
    }

    /** Those that end first before the others. */
    List<BanTable.Entry> sorted(long nowNanos, Predicate<BanTable.Entry> which) {
        return byPrefix.values().stream()
                .filter(which)
                .sorted(Comparator.comparingLong((BanTable.Entry e) -> e.endNanos - nowNanos)
                        .thenComparing(e -> e.prefix.first()))
                .toList();
    }

    int count(Ban.Kind kind) {
        return kind == Ban.Kind.AUTOMATIC ? automatic : manual;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // by one thread at a time
    private void count(BanTable.Entry entry, int change) {
        if (entry.kind == Ban.Kind.AUTOMATIC) {
            automatic += change;
        } else {
            manual += change;
        }
    }
}

package org.rpcward.proxy.ban;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;

/*
 * Every call asks this table, and hardly any source is banned. All prefixes are in one open hash table; a source is
 * looked up once for each prefix length in use, of which there are normally two or three. Readers allocate nothing, and
 * take no lock except in the rare case that somebody wrote meanwhile: then they read again, under a lock that readers
 * share.
 */
/** Bans by prefix, found by any address inside. Thread-safe. */
final class BanTable {
    private static final int LEAST_SLOTS = 64;
    private static final int MAPPED_BITS = 96;
    private static final int[] NO_LENGTHS = {};

    private final StampedLock lock = new StampedLock();
    private final long seed;
    private final int[] perLengthV4 = new int[33];
    private final int[] perLengthV6 = new int[129];

    // Guarded by the lock; replaced as wholes.
    private @Nullable Entry[] slots = new Entry[LEAST_SLOTS];
    private int[] lengthsV4 = NO_LENGTHS;
    private int[] lengthsV6 = NO_LENGTHS;

    private volatile int size;

    /** One ban; what identifies it does not change. */
    static final class Entry {
        private final long high;
        private final long low;
        private final int length;
        final AddressPrefix prefix;
        final Ban.Kind kind;
        final String reason;
        final String evidence;
        final long lengthNanos;
        final long endNanos;
        final int offence;
        final AtomicLong hits = new AtomicLong();

        Entry(
                AddressPrefix prefix,
                Ban.Kind kind,
                String reason,
                String evidence,
                long lengthNanos,
                long endNanos,
                int offence) {
            this.prefix = prefix;
            this.high = prefix.first().high();
            this.low = prefix.first().low();
            this.length = prefix.length();
            this.kind = kind;
            this.reason = reason;
            this.evidence = evidence;
            this.lengthNanos = lengthNanos;
            this.endNanos = endNanos;
            this.offence = offence;
        }

        private boolean is(long otherHigh, long otherLow, int otherLength) {
            return low == otherLow && high == otherHigh && length == otherLength;
        }
    }

    BanTable(long seed) {
        this.seed = seed;
    }

    int size() {
        return size;
    }

    /** The entry of the longest prefix with this address that has not ended, or null. */
    @Nullable
    Entry find(IpAddress source, long nowNanos) {
        long stamp = lock.tryOptimisticRead();
        if (stamp != 0) {
            Entry found = search(source, nowNanos);
            if (lock.validate(stamp)) {
                return found;
            }
        }
        stamp = lock.readLock();
        try {
            return search(source, nowNanos);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    private @Nullable Entry search(IpAddress source, long nowNanos) {
        boolean v4 = source.isV4();
        @Nullable Entry[] table = slots;
        for (int length : v4 ? lengthsV4 : lengthsV6) {
            int bits = v4 ? length + MAPPED_BITS : length;
            Entry found = probe(table, source.high() & highMask(bits), source.low() & lowMask(bits), length);
            if (found != null && found.endNanos - nowNanos > 0) {
                return found;
            }
        }
        return null;
    }

    private @Nullable Entry probe(@Nullable Entry[] table, long high, long low, int length) {
        int mask = table.length - 1;
        int slot = slot(high, low, length, mask);
        // Never full, but a reader may see it while it is changed.
        for (int tries = 0; tries <= mask; tries++) {
            Entry entry = table[slot];
            if (entry == null || entry.is(high, low, length)) {
                return entry;
            }
            slot = (slot + 1) & mask;
        }
        return null;
    }

    private int slot(long high, long low, int length, int mask) {
        return (int) IpAddress.hash(high, low, seed + length) & mask;
    }

    /** Adds an entry in the place of one of the same prefix. */
    void put(Entry entry) {
        remove(entry.prefix);
        long stamp = lock.writeLock();
        try {
            if (2 * (size + 1) > slots.length) {
                resize(slots.length * 2);
            }
            insert(slots, entry);
            count(entry, 1);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    private void insert(@Nullable Entry[] table, Entry entry) {
        int mask = table.length - 1;
        int slot = slot(entry.high, entry.low, entry.length, mask);
        while (table[slot] != null) {
            slot = (slot + 1) & mask;
        }
        table[slot] = entry;
    }

    private void resize(int length) {
        @Nullable Entry[] larger = new Entry[length];
        for (Entry entry : slots) {
            if (entry != null) {
                insert(larger, entry);
            }
        }
        slots = larger;
    }

    void remove(AddressPrefix prefix) {
        long stamp = lock.writeLock();
        try {
            int mask = slots.length - 1;
            int slot = slot(prefix.first().high(), prefix.first().low(), prefix.length(), mask);
            Entry entry = slots[slot];
            while (entry != null
                    && !entry.is(prefix.first().high(), prefix.first().low(), prefix.length())) {
                slot = (slot + 1) & mask;
                entry = slots[slot];
            }
            if (entry != null) {
                close(slot, mask);
                count(entry, -1);
            }
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Moves what stands behind a gap forward, so that no search ends at it too early. */
    private void close(int from, int mask) {
        int gap = from;
        slots[gap] = null;
        int next = (gap + 1) & mask;
        Entry entry = slots[next];
        while (entry != null) {
            int home = slot(entry.high, entry.low, entry.length, mask);
            if (((next - home) & mask) >= ((next - gap) & mask)) {
                slots[gap] = entry;
                slots[next] = null;
                gap = next;
            }
            next = (next + 1) & mask;
            entry = slots[next];
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
    private void count(Entry entry, int change) {
        size += change;
        boolean v4 = entry.prefix.first().isV4();
        int[] perLength = v4 ? perLengthV4 : perLengthV6;
        perLength[entry.length] += change;
        if (v4) {
            lengthsV4 = used(perLength);
        } else {
            lengthsV6 = used(perLength);
        }
    }

    private static int[] used(int[] perLength) {
        int[] lengths = new int[perLength.length];
        int count = 0;
        for (int length = perLength.length - 1; length >= 0; length--) {
            if (perLength[length] > 0) {
                lengths[count++] = length;
            }
        }
        return Arrays.copyOf(lengths, count);
    }

    private static long highMask(int bits) {
        return bits >= 64 ? -1L : bits <= 0 ? 0 : -1L << (64 - bits);
    }

    private static long lowMask(int bits) {
        return bits <= 64 ? 0 : highMask(bits - 64);
    }
}

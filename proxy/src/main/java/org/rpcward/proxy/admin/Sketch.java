package org.rpcward.proxy.admin;

import java.util.Arrays;
import org.rpcward.policy.net.IpAddress;

/*
 * Space-saving (Metwally, Agrawal, El Abbadi 2005), with the counters in lines of four as in a processor's cache: a key
 * that has none takes over the least counter of its line, with its count as the error. So each step costs the same, and
 * nothing is ever made. What comes often enough is in it, counted too high by its error at most.
 */
/** Counts the most frequent of many keys, in fixed space. Not thread-safe. */
final class Sketch {
    static final int CAPACITY = 1024;
    private static final int WAYS = 4;

    private final long seed;
    private final long[] high = new long[CAPACITY];
    private final long[] low = new long[CAPACITY];
    private final long[] counts = new long[CAPACITY];
    private final long[] denied = new long[CAPACITY];
    private final long[] errors = new long[CAPACITY];
    private boolean empty = true;

    /** Is told of counters. */
    interface Visitor {
        /**
         * One counter.
         *
         * @param error by how much the count may be too high
         */
        void counter(long high, long low, long count, long denied, long error);
    }

    /**
     * Counts nothing yet.
     *
     * @param seed unknown to whoever chooses the keys
     */
    Sketch(long seed) {
        this.seed = seed;
    }

    /** Counts a key of two words. */
    void add(long keyHigh, long keyLow, long count, long ofThemDenied) {
        add(keyHigh, keyLow, count, ofThemDenied, 0);
    }

    private void add(long keyHigh, long keyLow, long count, long ofThemDenied, long error) {
        empty = false;
        int line = (int) IpAddress.hash(keyHigh, keyLow, seed) & (CAPACITY - 1) & -WAYS;
        int least = line;
        for (int i = line; i < line + WAYS; i++) {
            if (counts[i] != 0 && low[i] == keyLow && high[i] == keyHigh) {
                counts[i] += count;
                denied[i] += ofThemDenied;
                errors[i] += error;
                return;
            }
            least = counts[i] < counts[least] ? i : least;
        }
        high[least] = keyHigh;
        low[least] = keyLow;
        errors[least] = counts[least] + error;
        counts[least] += count;
        denied[least] = ofThemDenied;
    }

    /** Counts all that another has counted. */
    void addAll(Sketch other) {
        other.forEach(this::add);
    }

    void forEach(Visitor visitor) {
        for (int i = 0; i < CAPACITY; i++) {
            if (counts[i] != 0) {
                visitor.counter(high[i], low[i], counts[i], denied[i], errors[i]);
            }
        }
    }

    boolean isEmpty() {
        return empty;
    }

    void clear() {
        if (!empty) {
            Arrays.fill(counts, 0);
            empty = true;
        }
    }
}

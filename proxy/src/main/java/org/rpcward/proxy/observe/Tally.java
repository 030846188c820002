package org.rpcward.proxy.observe;

import io.netty.util.concurrent.FastThreadLocal;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/*
 * Each event loop counts in an array of its own, where nobody else writes: an addition is a load and a store, with no
 * atomic instruction and no shared cache line. A sum reads the arrays of all threads, and may be a call behind. The
 * arrays stay for good, so that only threads which live as long as the process may count.
 */
/** A row of counters, kept by each thread for itself and added up when read. */
final class Tally {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

    /** A cache line at each end, so that the arrays of two threads share none. */
    private static final int PADDING = 8;

    private final List<long[]> all = new CopyOnWriteArrayList<>();

    /** What no longer counts, by cell; guarded by this. */
    private final long[] forgotten;

    private final FastThreadLocal<long[]> mine;

    Tally(int cells) {
        this.forgotten = new long[cells];
        this.mine = new FastThreadLocal<>() {
            @Override
            protected long[] initialValue() {
                long[] row = new long[cells + 2 * PADDING];
                all.add(row);
                return row;
            }
        };
    }

    /** The calling thread's own row, for {@link #add}. */
    long[] mine() {
        return mine.get();
    }

    /** Adds to a cell of a row that {@link #mine} gave to this thread. */
    static void add(long[] row, int cell, long amount) {
        int i = cell + PADDING;
        CELL.setOpaque(row, i, (long) CELL.getOpaque(row, i) + amount);
    }

    void add(int cell, long amount) {
        add(mine(), cell, amount);
    }

    /** What a cell of a row holds; for the thread that it belongs to. */
    static long get(long[] row, int cell) {
        return row[cell + PADDING];
    }

    /** All threads together. */
    synchronized long sum(int cell) {
        return raw(cell) - forgotten[cell];
    }

    private long raw(int cell) {
        long sum = 0;
        for (long[] row : all) {
            sum += (long) CELL.getOpaque(row, cell + PADDING);
        }
        return sum;
    }

    /** Starts a cell at zero again. */
    synchronized void forget(int cell) {
        forgotten[cell] = raw(cell);
    }

    /** Starts a cell at zero again, and adds what it held to another one. */
    synchronized void move(int from, int to) {
        // Read once: what is counted meanwhile stays in the old cell.
        long now = raw(from);
        forgotten[to] -= now - forgotten[from];
        forgotten[from] = now;
    }
}

package org.rpcward.proxy.observe;

import io.netty.util.concurrent.FastThreadLocal;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/*
 * Each event loop counts in an array of its own, where nobody else writes: an addition is a load and a store, with no
 * atomic instruction and no shared cache line. A sum reads the arrays of all threads, and may be a call behind. Whenever
 * another thread begins to count, what those counted that have ended is put together: there are never more arrays than
 * threads that were alive at one time, and one.
 */
/** A row of counters, kept by each thread for itself and added up when read. */
final class Tally {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

    /** A cache line at each end, so that the arrays of two threads share none. */
    private static final int PADDING = 8;

    // All guarded by this.
    private final List<Row> rows = new ArrayList<>();
    /** What threads counted that have ended, by cell. */
    private final long[] left;
    /** What no longer counts, by cell. */
    private final long[] forgotten;

    private final FastThreadLocal<long[]> mine;

    private static final class Row {
        private final Thread owner;
        private final long[] cells;

        Row(Thread owner, long[] cells) {
            this.owner = owner;
            this.cells = cells;
        }
    }

    Tally(int cells) {
        this.left = new long[cells];
        this.forgotten = new long[cells];
        this.mine = new FastThreadLocal<>() {
            @Override
            protected long[] initialValue() {
                long[] row = new long[cells + 2 * PADDING];
                enter(new Row(Thread.currentThread(), row));
                return row;
            }
        };
    }

    private synchronized void enter(Row row) {
        rows.removeIf(other -> {
            if (other.owner.isAlive()) {
                return false;
            }
            for (int cell = 0; cell < left.length; cell++) {
                left[cell] += get(other.cells, cell);
            }
            return true;
        });
        rows.add(row);
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
        long sum = left[cell];
        for (Row row : rows) {
            sum += (long) CELL.getOpaque(row.cells, cell + PADDING);
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

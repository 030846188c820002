package org.rpcward.proxy.observe;

/** Counts the denials that are not logged. Thread-safe, without contention between event loops. */
public final class LogCounts {
    private static final int REPEATED = 0;
    private static final int UNLOGGED = 1;
    private static final int CELLS = 2;

    private final Tally tally = new Tally(CELLS);

    LogCounts() {}

    /** A denial was not logged, because one like it was logged a moment ago. */
    void repeated() {
        tally.add(REPEATED, 1);
    }

    /** A denial was not logged, because there were too many. */
    void unlogged() {
        tally.add(UNLOGGED, 1);
    }

    /** Denials that were not logged because one like them was a moment before. */
    public long notToldAgain() {
        return tally.sum(REPEATED);
    }

    /** Denials that were not logged because there were too many. */
    public long notTold() {
        return tally.sum(UNLOGGED);
    }
}

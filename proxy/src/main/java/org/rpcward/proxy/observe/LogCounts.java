package org.rpcward.proxy.observe;

/** Counts the denials that the log does not tell. Thread-safe; an event loop that counts meets no other. */
public final class LogCounts {
    private static final int REPEATED = 0;
    private static final int UNLOGGED = 1;
    private static final int CELLS = 2;

    private final Tally tally = new Tally(CELLS);

    LogCounts() {}

    /** A denial was not told, because its like was a moment ago. */
    void repeated() {
        tally.add(REPEATED, 1);
    }

    /** A denial was not told, because too many were. */
    void unlogged() {
        tally.add(UNLOGGED, 1);
    }

    /** Denials that were not told because their like was a moment before. */
    public long notToldAgain() {
        return tally.sum(REPEATED);
    }

    /** Denials that were not told because there were too many. */
    public long notTold() {
        return tally.sum(UNLOGGED);
    }
}

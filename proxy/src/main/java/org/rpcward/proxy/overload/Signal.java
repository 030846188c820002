package org.rpcward.proxy.overload;

import java.util.Locale;

/**
 * What shows that there is too much to do, with the value from which it raises each level.
 *
 * <p>A level is kept while a signal has at least three quarters of the value that raises it.
 */
public enum Signal {
    /**
     * Milliseconds by which each of the last three beats of an event loop came late. A machine that is short of
     * processors causes some hundreds of them, which turning calls away would not cure.
     */
    EVENT_LOOP_LAG("ms", 1000, 2500, 5000, 10_000),
    /**
     * Milliseconds for which a UDP socket was never read empty while calls were lost because its queue was full. A
     * queue that is never empty but loses nothing is just a client that keeps as many calls in flight as it may.
     */
    RECEIVE_QUEUE("ms", 100, 2000, 10_000, Signal.NEVER),
    /** Percent of the calls that may wait for backends. */
    IN_FLIGHT("%", 25, 50, 75, 95),
    /** Percent of the old part of the heap that is in use after it was collected. */
    HEAP("%", 80, 88, 93, 97),
    /** Percent of the memory outside of the heap. */
    DIRECT_MEMORY("%", 70, 80, 90, 96),
    /** Percent of the connections for which descriptors suffice. */
    CONNECTIONS("%", Signal.NEVER, 85, 95, Signal.NEVER),
    /**
     * Calls turned away at the door, per second. They raise no level, but while there are many of them the first is
     * kept: without it they would all have to be served.
     */
    SHED("/s", Signal.NEVER, Signal.NEVER, Signal.NEVER, Signal.NEVER) {
        @Override
        int keeps(double value) {
            return value >= SHED_THAT_KEEPS ? 1 : 0;
        }
    };

    private static final double NEVER = Double.POSITIVE_INFINITY;
    private static final double KEEPS = 0.75;
    private static final double SHED_THAT_KEEPS = 5000;

    private final String unit;
    private final double first;
    private final double second;
    private final double third;
    private final double fourth;
    private final String word = name().toLowerCase(Locale.ROOT);

    Signal(String unit, double first, double second, double third, double fourth) {
        this.unit = unit;
        this.first = first;
        this.second = second;
        this.third = third;
        this.fourth = fourth;
    }

    /** As it stands in log and metrics. */
    public String word() {
        return word;
    }

    /** Of its values: ms, % or /s. */
    public String unit() {
        return unit;
    }

    /** The level that this value raises, from 0 to {@link Ladder#TOP}. */
    int raises(double value) {
        return value >= fourth ? 4 : value >= third ? 3 : value >= second ? 2 : value >= first ? 1 : 0;
    }

    /** The level that this value keeps; at least as high as the one that it raises. */
    int keeps(double value) {
        return raises(value / KEEPS);
    }
}

package org.rpcward.proxy.overload;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * How far rpcward is from doing everything, in levels from 0 to {@link #TOP}. It goes up at once, as far as the worst
 * signal says, and down by one level each time all signals have stayed below what keeps the level for {@link #CALM}. It
 * knows no clock, no thread, and nothing of what a level means.
 */
final class Ladder {
    static final int TOP = 4;

    /** How long, in nanoseconds, all must be calm before the next step down: stepping down at each lull would oscillate. */
    static final long CALM = Duration.ofSeconds(5).toNanos();

    private final long[] nanosIn = new long[TOP + 1];
    private int level;
    private Signal reason = Signal.EVENT_LOOP_LAG;
    private double reasonValue;
    private long calmSince;
    private boolean calm;
    private long lastUpdate;

    Ladder(long now) {
        lastUpdate = now;
    }

    /**
     * Takes in what the signals say now.
     *
     * @param values of all signals that there are
     * @return whether the level has changed
     */
    boolean update(long now, Map<Signal, Double> values) {
        nanosIn[level] += now - lastUpdate;
        lastUpdate = now;
        int raised = 0;
        int kept = 0;
        Signal worst = reason;
        double worstValue = reasonValue;
        for (Map.Entry<Signal, Double> entry : new EnumMap<>(values).entrySet()) {
            Signal signal = entry.getKey();
            double value = entry.getValue();
            if (signal.raises(value) > raised) {
                raised = signal.raises(value);
                worst = signal;
                worstValue = value;
            }
            kept = Math.max(kept, signal.keeps(value));
        }
        if (raised > level) {
            level = raised;
            reason = worst;
            reasonValue = worstValue;
            calm = false;
            return true;
        }
        return level > 0 && isTimeToStepDown(now, kept);
    }

    private boolean isTimeToStepDown(long now, int kept) {
        if (kept >= level) {
            calm = false;
            return false;
        }
        if (!calm) {
            calm = true;
            calmSince = now;
            return false;
        }
        if (now - calmSince < CALM) {
            return false;
        }
        level--;
        calmSince = now;
        return true;
    }

    int level() {
        return level;
    }

    /** The signal that raised the level, or a higher one before. */
    Signal reason() {
        return reason;
    }

    /** What that signal said then. */
    double reasonValue() {
        return reasonValue;
    }

    /** How long a level was held in all, until the last update. */
    long nanosIn(int which) {
        return nanosIn[which];
    }
}

package org.rpcward.proxy.observe;

import java.util.concurrent.TimeUnit;

/**
 * How long things took.
 *
 * @param counts for each of {@link #BOUNDS}, how many took up to that, but longer than the bound before; last, how many took
 *     longer than all
 * @param nanos the sum of them all
 */
@SuppressWarnings("ArrayRecordComponent") // read once, and never compared
public record Durations(long[] counts, long nanos) {
    /** Upper bounds in nanoseconds: 0.1 ms to 2 s. */
    private static final long[] BOUNDS = {
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000,
        25_000_000,
        100_000_000,
        250_000_000,
        500_000_000,
        2_000_000_000
    };

    /** How many counts there are. */
    static final int BUCKETS = BOUNDS.length + 1;

    /** The index of the count that a duration belongs to. */
    static int bucketOf(long nanos) {
        int bucket = 0;
        while (bucket < BOUNDS.length && nanos > BOUNDS[bucket]) {
            bucket++;
        }
        return bucket;
    }

    /** The upper bounds; the last is infinite. */
    public static double[] boundsInSeconds() {
        double[] seconds = new double[BUCKETS];
        for (int i = 0; i < BOUNDS.length; i++) {
            seconds[i] = (double) BOUNDS[i] / TimeUnit.SECONDS.toNanos(1);
        }
        seconds[BOUNDS.length] = Double.POSITIVE_INFINITY;
        return seconds;
    }

    public double sumInSeconds() {
        return (double) nanos / TimeUnit.SECONDS.toNanos(1);
    }
}

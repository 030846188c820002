package org.rpcward.proxy.limit;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.BucketConfiguration;
import java.math.BigInteger;
import java.time.Duration;
import org.rpcward.policy.LimitPolicy;

/*
 * Bucket4j counts in longs, refuses more than one token a nanosecond, and multiplies tokens by nanoseconds. A rate is
 * therefore reduced to its lowest terms and cut to what can be counted: beyond a token a nanosecond, a limit of calls or
 * bytes limits nothing that a network could bring.
 */
/** What a bucket holds and how fast it fills. */
final class Allowance {
    /** More than any client can use in a year, and far from the end of a long. */
    private static final long MOST_TOKENS = 1L << 50;

    private final BucketConfiguration configuration;
    private final long burst;

    private Allowance(long tokens, long periodNanos, long burst) {
        this.burst = burst;
        this.configuration = BucketConfiguration.builder()
                .addLimit(Bandwidth.builder()
                        .capacity(burst)
                        .refillGreedy(tokens, Duration.ofNanos(periodNanos))
                        .build())
                .build();
    }

    /**
     * The allowance of so many that share a bucket.
     *
     * @param times how many times what one has
     */
    static Allowance of(LimitPolicy limit, int times) {
        long period = nanos(limit.period());
        BigInteger tokens = BigInteger.valueOf(limit.tokens()).multiply(BigInteger.valueOf(times));
        long divisor = Math.max(
                1,
                tokens.gcd(BigInteger.valueOf(period))
                        .min(BigInteger.valueOf(period))
                        .longValue());
        long reducedPeriod = period / divisor;
        long reducedTokens = tokens.divide(BigInteger.valueOf(divisor))
                .min(BigInteger.valueOf(reducedPeriod))
                .max(BigInteger.ONE)
                .longValue();
        long burst = BigInteger.valueOf(limit.burst())
                .multiply(BigInteger.valueOf(times))
                .min(BigInteger.valueOf(MOST_TOKENS))
                .max(BigInteger.ONE)
                .longValue();
        return new Allowance(reducedTokens, reducedPeriod, burst);
    }

    private static long nanos(Duration period) {
        try {
            return Math.max(1, period.toNanos());
        } catch (ArithmeticException centuries) {
            return Long.MAX_VALUE;
        }
    }

    /** How many tokens a bucket holds. */
    long burst() {
        return burst;
    }

    BucketConfiguration configuration() {
        return configuration;
    }
}

package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DurationsTest {
    @Test
    void aDurationBelongsToTheFirstBoundThatItDoesNotExceed() {
        assertThat(Durations.bucketOf(0)).isZero();
        assertThat(Durations.bucketOf(100_000)).isZero();
        assertThat(Durations.bucketOf(100_001)).isEqualTo(1);
        assertThat(Durations.bucketOf(2_000_000_001L)).isEqualTo(Durations.BUCKETS - 1);
        assertThat(Durations.boundsInSeconds())
                .containsExactly(
                        0.0001,
                        0.00025,
                        0.0005,
                        0.001,
                        0.0025,
                        0.005,
                        0.01,
                        0.025,
                        0.1,
                        0.25,
                        0.5,
                        2,
                        Double.POSITIVE_INFINITY);
    }
}

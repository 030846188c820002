package org.rpcward.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.ImmediateEventExecutor;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.IpAddress;

class SketchTest {
    private final Sketch sketch = new Sketch(7);

    private Map<Long, long[]> counters() {
        Map<Long, long[]> all = new HashMap<>();
        sketch.forEach((high, low, count, denied, error) -> all.put(low, new long[] {count, denied, error}));
        return all;
    }

    @Test
    void aFewKeysAreCountedExactly() {
        for (int i = 0; i < 10; i++) {
            sketch.add(0, i, i + 1, i);
        }
        assertThat(counters()).hasSize(10);
        assertThat(counters().get(4L)).containsExactly(5, 4, 0);
    }

    @Test
    void whatIsFrequentIsFoundAmongAMillionOthers() {
        Random random = new Random(1);
        for (int i = 0; i < 1_000_000; i++) {
            sketch.add(1, random.nextLong(), 1, 1);
            if (i % 20 == 0) {
                sketch.add(0, 42, 1, 0);
            }
        }
        Map<Long, long[]> counters = counters();
        assertThat(counters).hasSizeLessThanOrEqualTo(Sketch.CAPACITY);
        long[] frequent = Objects.requireNonNull(counters.get(42L));
        assertThat(frequent[0]).isGreaterThanOrEqualTo(50_000);
        assertThat(frequent[0] - frequent[2]).isBetween(40_000L, 50_000L);
    }

    @Test
    void clearedItIsEmpty() {
        sketch.add(0, 1, 1, 0);
        sketch.clear();
        assertThat(sketch.isEmpty()).isTrue();
        assertThat(counters()).isEmpty();
    }

    @Test
    void topTellsRatesOfTheLastSecondsAndSumsSinceTheStart() {
        Top top = new Top();
        IpAddress source = IpAddress.parse("10.1.2.3").orElseThrow();
        for (int i = 0; i < 100; i++) {
            top.count(ImmediateEventExecutor.INSTANCE, source, true, 100_003, i < 30);
        }
        // One to end what is counted, one to take it in.
        top.tick();
        top.tick();

        assertThat(top.sources(10)).containsExactly(new SourceView("10.1.2.3", 10, 3, 100, 0));
        assertThat(top.programs(10)).containsExactly(new ProgramView("nfs", 100_003, 10, 3, 100, 0));

        for (int i = 0; i < Top.SECONDS; i++) {
            top.tick();
        }
        assertThat(top.sources(10)).containsExactly(new SourceView("10.1.2.3", 0, 0, 100, 0));
    }

    @Test
    void aFloodIsSampledAndStillCounted() {
        Top top = new Top();
        IpAddress source = IpAddress.parse("10.1.2.3").orElseThrow();
        for (int i = 0; i < 1_000_000; i++) {
            top.count(ImmediateEventExecutor.INSTANCE, source, false, 0, true);
        }
        top.tick();
        top.tick();
        assertThat(top.sources(1).get(0).calls()).isBetween(999_000L, 1_001_000L);
        assertThat(top.programs(1)).isEmpty();
    }
}

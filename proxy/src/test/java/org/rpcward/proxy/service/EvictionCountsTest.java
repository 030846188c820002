package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.rpcward.proxy.fixture.FakeClock;

class EvictionCountsTest {
    private final EvictionCounts counts = new EvictionCounts();
    private final FakeClock clock = new FakeClock();
    private final Cache<Integer, Integer> cache = Caffeine.newBuilder()
            .maximumSize(2)
            .expireAfterAccess(Duration.ofMinutes(1))
            .ticker(clock::getAsLong)
            .executor(Runnable::run)
            .recordStats(() -> counts)
            .build();

    @Test
    void whatFindsNoRoomIsToldFromWhatIsOld() {
        for (int i = 0; i < 5; i++) {
            assertThat(cache.get(i, key -> key)).isEqualTo(i);
        }
        cache.cleanUp();
        assertThat(counts.size()).isEqualTo(3);
        assertThat(counts.expired()).isZero();

        clock.pass(Duration.ofMinutes(2));
        cache.cleanUp();

        assertThat(counts.size()).isEqualTo(3);
        assertThat(counts.expired()).isEqualTo(2);
        assertThat(counts.snapshot().evictionCount()).isEqualTo(5);
        assertThat(counts.snapshot().missCount()).isEqualTo(5);
    }
}

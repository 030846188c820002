package org.rpcward.proxy.ban;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.ban.BanTable.Entry;

class ExpiryWheelTest {
    private static final AddressPrefix SOMEBODY = new AddressPrefix(IpAddress.v4(1), 32);

    private final Random random = new Random(3);

    private static Entry ending(long nanos) {
        return new Entry(SOMEBODY, Ban.Kind.AUTOMATIC, "", "", 1, nanos, 1);
    }

    /** Against a set that is searched as a whole, over a clock that starts below zero, stands still, walks and leaps. */
    @Test
    void takesWhatHasEndedAndNothingElse() {
        long now = -Duration.ofSeconds(100).toNanos();
        ExpiryWheel wheel = new ExpiryWheel(now);
        Set<Entry> model = new HashSet<>();
        for (int step = 0; step < 30_000; step++) {
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> {
                    long length = 1
                            + (long) (Math.pow(random.nextDouble(), 6)
                                    * Duration.ofDays(2).toNanos());
                    Entry entry = ending(now + length);
                    wheel.add(entry);
                    model.add(entry);
                }
                case 3 ->
                    model.stream().findAny().ifPresent(entry -> {
                        wheel.remove(entry);
                        model.remove(entry);
                    });
                case 4 -> {
                    Entry first = wheel.first(e -> true);
                    long least = model.stream().mapToLong(e -> e.endNanos).min().orElse(Long.MAX_VALUE);
                    assertThat(first == null ? Long.MAX_VALUE : first.endNanos).isEqualTo(least);
                }
                default -> {
                    now += (long) (Math.pow(random.nextDouble(), 8)
                            * Duration.ofHours(3).toNanos());
                    List<Entry> ended = new ArrayList<>();
                    wheel.advance(now, ended::add);
                    for (Entry entry : ended) {
                        assertThat(model.remove(entry)).isTrue();
                        assertThat(entry.endNanos).isLessThanOrEqualTo(now);
                    }
                    for (Entry entry : model) {
                        assertThat(entry.endNanos).isGreaterThan(now);
                    }
                }
            }
        }
    }
}

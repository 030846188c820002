package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class EqualDelaysTest {
    private static final int MOST = 100;

    private final MockTicker time = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(time).build();
    private final Set<String> over = new HashSet<>();
    private final List<String> due = new ArrayList<>();
    private Consumer<String> more = what -> {};
    private final EqualDelays<String> delays =
            new EqualDelays<>(channel.eventLoop(), Duration.ofSeconds(1), MOST, over::contains, due::add);

    private void pass(long millis) {
        time.advance(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void eachFallsDueInItsOwnTime() {
        delays.add("a");
        pass(300);
        delays.add("b");
        delays.add("c");
        pass(699);
        assertThat(due).isEmpty();

        pass(1);
        assertThat(due).containsExactly("a");
        pass(299);
        assertThat(due).containsExactly("a");
        pass(1);
        assertThat(due).containsExactly("a", "b", "c");

        delays.add("d");
        pass(1000);
        assertThat(due).containsExactly("a", "b", "c", "d");
    }

    @Test
    void whatIsOverDoesNotFallDue() {
        delays.add("a");
        delays.add("b");
        delays.add("c");
        over.add("b");
        delays.tidy();
        pass(1000);

        assertThat(due).containsExactly("a", "c");
    }

    @Test
    void whatBecomesOverAsAnotherFallsDueDoesNot() {
        EqualDelays<String> all =
                new EqualDelays<>(channel.eventLoop(), Duration.ofSeconds(1), MOST, over::contains, what -> {
                    due.add(what);
                    over.add("b");
                });
        all.add("a");
        all.add("b");
        pass(1000);

        assertThat(due).containsExactly("a");
    }

    @Test
    void whatIsAddedAsAnotherFallsDueDoesNotKeepThoseBeforeItWaiting() {
        EqualDelays<String> again =
                new EqualDelays<>(channel.eventLoop(), Duration.ofSeconds(1), MOST, over::contains, what -> {
                    due.add(what);
                    more.accept(what);
                });
        more = what -> again.add(what + "'");
        again.add("a");
        pass(100);
        again.add("b");
        pass(900);
        assertThat(due).containsExactly("a");
        pass(100);
        assertThat(due).containsExactly("a", "b");
        pass(900);
        assertThat(due).containsExactly("a", "b", "a'");
    }

    @Test
    void aMistakeInOneDoesNotKeepTheOthers() {
        EqualDelays<String> mistaken =
                new EqualDelays<>(channel.eventLoop(), Duration.ofSeconds(1), MOST, over::contains, what -> {
                    due.add(what);
                    if (what.equals("a")) {
                        throw new IllegalStateException("a mistake of this test");
                    }
                });
        mistaken.add("a");
        mistaken.add("b");
        pass(1000);
        pass(1);

        assertThat(due).containsExactly("a", "b");
    }

    @Test
    void oneTimerServesAll() {
        for (int i = 0; i < 100; i++) {
            delays.add("a" + i);
        }
        assertThat(time.nanoTime()).isZero();
        assertThat(channel.runScheduledPendingTasks()).isEqualTo(TimeUnit.SECONDS.toNanos(1));
        pass(1000);
        assertThat(due).hasSize(100);
        assertThat(channel.hasPendingTasks()).isFalse();
    }

    @Test
    void afterAllWasClearedItBeginsAnew() {
        delays.add("a");
        pass(500);
        delays.clear();
        delays.add("b");
        pass(999);
        assertThat(due).isEmpty();

        pass(1);
        assertThat(due).containsExactly("b");
    }

    @Test
    void oneThatIsNeverOverDoesNotKeepAllThatCameAfterIt() {
        delays.add("a");
        for (int i = 0; i < 50 * MOST; i++) {
            over.add("b" + i);
            delays.add("b" + i);
            delays.tidy();
            assertThat(delays.size()).isLessThanOrEqualTo(2 * MOST);
        }
        pass(1000);

        assertThat(due).containsExactly("a");
    }
}

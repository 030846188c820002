package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.fixture.FakeClock;

class SuppressionTest {
    private static final Pattern SUPPRESSED = Pattern.compile("\"suppressed\":(\\d+)");
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final FakeClock clock = new FakeClock();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final EventLog log = new EventLog(out, clock);
    private final Suppression suppression = new Suppression(log, new Counters(clock, clock).log(), clock);

    private long denied;
    private long told;

    private void deny(int source) {
        denied++;
        long leftOut = suppression.mayTell(new Suppression.Key(IpAddress.v4(source), "rule"), HOUR);
        told += leftOut < 0 ? 0 : 1 + leftOut;
    }

    private long written() {
        return SUPPRESSED
                .matcher(out.toString(StandardCharsets.UTF_8))
                .results()
                .mapToLong(found -> Long.parseLong(found.group(1)))
                .sum();
    }

    /** There is room for 10,000, and each of these is remembered for an hour. */
    @Test
    void whatIsLeftOutOfThoseWhoLoseTheirPlaceIsToldAllTheSame() {
        log.start();
        int sources = 12_000;
        for (int i = 0; i < sources; i++) {
            deny(i);
            clock.pass(Duration.ofMillis(20));
            for (int recent = Math.max(0, i - 20); recent <= i; recent += 10) {
                deny(recent);
            }
        }

        await().untilAsserted(() ->
                assertThat(told + written() + suppression.untold()).isEqualTo(denied));
        log.stop();
    }
}

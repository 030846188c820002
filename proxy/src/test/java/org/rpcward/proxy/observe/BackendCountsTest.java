package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendClient;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.observe.BackendCounts.EndpointKey;

class BackendCountsTest {
    private static final Policy POLICY = Policies.of("rules: []");

    private final FakeClock clock = new FakeClock();
    private final BackendCounts counts = new BackendCounts(clock);

    @Test
    void theTimeOfAPortmapperThatIsDownIsAddedUp() {
        counts.serve(POLICY);
        EndpointKey key = new EndpointKey("legacy", "127.0.0.1:111");
        EndpointCounts endpoint = Objects.requireNonNull(counts.endpoints().get(key));

        assertThat(endpoint.isUp()).isTrue();
        counts.turned("legacy", "127.0.0.1:111", true);
        clock.pass(Duration.ofSeconds(5));
        counts.turned("legacy", "127.0.0.1:111", false);
        assertThat(endpoint.isUp()).isFalse();
        clock.pass(Duration.ofSeconds(7));
        assertThat(endpoint.downSeconds()).isEqualTo(7);
        counts.turned("legacy", "127.0.0.1:111", true);
        clock.pass(Duration.ofSeconds(11));

        assertThat(endpoint.isUp()).isTrue();
        assertThat(endpoint.downSeconds()).isEqualTo(7);
        assertThat(endpoint.turns(true)).isEqualTo(2);
        counts.turned("unheard of", "127.0.0.1:111", true);
        assertThat(counts.endpoints()).containsOnlyKeys(key);
    }

    @Test
    void questionsToAPortmapperAreCountedUntilAReloadTakesItAway() {
        counts.serve(POLICY);
        BackendClient.Watcher watcher = counts.watcher("legacy", "127.0.0.1:111");
        EndpointCounts endpoint =
                Objects.requireNonNull(counts.endpoints().get(new EndpointKey("legacy", "127.0.0.1:111")));

        watcher.asked();
        watcher.asked();
        watcher.ended(Transport.TCP, BackendResult.Status.TIMEOUT, 3_000_000);

        assertThat(endpoint.inFlight()).isEqualTo(1);
        assertThat(endpoint.questions(Transport.TCP, BackendResult.Status.TIMEOUT))
                .isEqualTo(1);
        assertThat(endpoint.questions(Transport.UDP, BackendResult.Status.TIMEOUT))
                .isZero();
        assertThat(endpoint.durations(Transport.TCP).counts()[5]).isEqualTo(1);

        counts.serve(Policies.load("""
                version: 1
                listeners: { lan: { bind: 192.0.2.1 } }
                backends: { other: { address: "127.0.0.1:112" } }
                rules: [{ name: all, from: any, then: allow }]
                """));
        watcher.ended(Transport.TCP, BackendResult.Status.OK, 1);
        assertThat(counts.endpoints()).containsOnlyKeys(new EndpointKey("other", "127.0.0.1:112"));
    }
}

package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.RecordingExchange.DROP;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Signal;
import org.rpcward.proxy.rpc.Fault;

/** What becomes of calls when there is more to do than can be done. */
class OverloadedTest {
    private static final String RULES =
            "rules: [{ name: all, from: 198.51.100.0/24, then: allow, call: [ping, lookup, list] }]\n";
    private static final String STRANGER = "203.0.113.9";

    private final FakeClock clock = new FakeClock();
    private final RecordingObserver observer = new RecordingObserver();
    private final Overload overload = new Overload(clock);
    private final FakeDirectory directory = FakeDirectory.of();
    private PortmapService service = service("");

    private PortmapService service(String keys) {
        return new PortmapService(
                Policies.serving(Policies.of(RULES + keys), directory),
                clock,
                observer,
                Services.bans(clock),
                Services.scans(),
                overload);
    }

    private void raise(int level) {
        double[] heap = {0, 80, 88, 93, 97};
        overload.update(Map.of(Signal.HEAP, heap[level]), Overload.UNKNOWN);
        clock.pass(Duration.ofHours(1));
    }

    private String outcome(RecordingExchange exchange) {
        service.handle(exchange);
        return exchange.outcome();
    }

    private static RecordingExchange ping(Transport transport) {
        return RecordingExchange.of(transport, CallBytes.call(2, 0));
    }

    private static RecordingExchange lookup() {
        return RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2));
    }

    @Test
    void newcomersAreTurnedAwayBeforeTheirCallsAreLookedInto() {
        raise(1);
        for (int i = 0; i < 1000; i++) {
            outcome(ping(Transport.UDP).from("203.0." + i / 250 + "." + i % 250));
        }
        assertThat(observer.take().stream().filter(e -> e.equals("turned away for overload newcomer")))
                .hasSizeGreaterThan(400);
        for (int i = 0; i < 1000; i++) {
            outcome(ping(Transport.UDP).faulty(Fault.OVERSIZED).from("198.51.100.77"));
        }
        assertThat(observer.take()).contains("turned away for overload newcomer");
    }

    @Test
    void aClientWhoseCallsAreAnsweredGoesOnBeingAnswered() {
        raise(1);
        for (int i = 0; i < 1000; i++) {
            clock.pass(Duration.ofMillis(1));
            assertThat(outcome(ping(Transport.UDP))).isNotEqualTo(DROP);
        }
        raise(4);
        assertThat(outcome(ping(Transport.UDP))).isEqualTo(DROP);
        for (int i = 0; i < 100; i++) {
            overload.answered(ping(Transport.UDP).source());
        }
        assertThat(outcome(ping(Transport.UDP))).isNotEqualTo(DROP);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void overTcpANamedSourceIsAlwaysAnsweredAndAStrangerNotFromTheThirdLevelOn(int level) {
        raise(level);
        for (int i = 0; i < 1000; i++) {
            assertThat(outcome(ping(Transport.TCP))).isNotEqualTo(DROP);
        }
        observer.take();
        outcome(ping(Transport.TCP).from(STRANGER));
        assertThat(observer.take())
                .containsExactly(level < 3 ? "decided null drop by default" : "turned away for overload unnamed");
    }

    @Test
    void backendsAreNotAskedForNewcomersFromTheSecondLevelOn() {
        raise(1);
        outcome(lookup());
        assertThat(directory.questions()).hasSize(1);
        raise(2);
        assertThat(outcome(lookup())).isNotEqualTo(DROP);
        assertThat(outcome(RecordingExchange.of(Transport.UDP, CallBytes.call(2, 4))))
                .isNotEqualTo(DROP);
        assertThat(directory.questions()).hasSize(1);
        assertThat(directory.listings()).isZero();
        outcome(RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.GETPORT, 2)));
        assertThat(directory.questions()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void auditHindersNobody(int level) {
        service = service("mode: audit\n");
        raise(level);
        for (int i = 0; i < 1000; i++) {
            assertThat(outcome(ping(Transport.UDP).from(STRANGER))).isNotEqualTo(DROP);
        }
        assertThat(overload.shed()).isZero();
    }

    @Test
    void atTheLastLevelAuditProtectsTheProcessAllTheSame() {
        service = service("mode: audit\n");
        raise(4);
        assertThat(outcome(ping(Transport.UDP))).isEqualTo(DROP);
    }
}

package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.RecordingExchange.DROP;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanRefusedException;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.rpc.Fault;

/** What becomes of the calls and connections of a banned source. */
class BannedTest {
    private static final String RULES = "rules: [{ name: all, from: any, then: allow }]\n";
    private static final AddressPrefix CLIENTS =
            AddressPrefix.parse("198.51.100.0/24").orElseThrow();

    private final FakeClock clock = new FakeClock();
    private final RecordingObserver observer = new RecordingObserver();
    private final Bans bans = Services.bans(clock);
    private PortmapService service = service("");

    @BeforeEach
    void ban() throws BanRefusedException {
        bans.ban(CLIENTS, Duration.ofMinutes(1), "", false);
    }

    private PortmapService service(String keys) {
        return new PortmapService(
                Policies.serving(Policies.of(RULES + keys), FakeDirectory.of()),
                clock,
                observer,
                bans,
                Services.scans(),
                new Overload(clock));
    }

    private String outcome(RecordingExchange exchange) {
        service.handle(exchange);
        return exchange.outcome();
    }

    private static RecordingExchange ping(Transport transport) {
        return RecordingExchange.of(transport, CallBytes.call(2, 0));
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void theNextCallIsTurnedAwayAndTheFirstAfterTheBanIsNot(Transport transport) {
        assertThat(outcome(ping(transport))).isEqualTo(DROP);
        assertThat(observer.take()).containsExactly("turned away for ban");
        assertThat(outcome(ping(transport).from("203.0.113.9"))).isNotEqualTo(DROP);
        assertThat(bans.callsTurnedAway(Ban.Kind.MANUAL)).isEqualTo(1);
        assertThat(bans.callsTurnedAway(Ban.Kind.AUTOMATIC)).isZero();

        bans.unban(CLIENTS);
        assertThat(outcome(ping(transport))).isNotEqualTo(DROP);
    }

    @Test
    void whatIsNoCallIsTurnedAwayToo() {
        assertThat(outcome(ping(Transport.TCP).faulty(Fault.RECORD_TOO_BIG))).isEqualTo(DROP);
        assertThat(observer.take()).containsExactly("turned away for ban");
    }

    @Test
    void aConnectionIsNotWelcome() {
        assertThat(service.welcomes(ping(Transport.TCP).source())).isFalse();
        assertThat(bans.connectionsTurnedAway(Ban.Kind.MANUAL)).isEqualTo(1);
        assertThat(service.welcomes(RecordingExchange.address("203.0.113.9"))).isTrue();
    }

    @Test
    void auditHindersNobodyAndTells() {
        service = service("mode: audit\n");

        assertThat(service.welcomes(ping(Transport.TCP).source())).isTrue();
        assertThat(outcome(ping(Transport.UDP))).isNotEqualTo(DROP);
        assertThat(observer.take()).startsWith("would be hindered, drop for ban");
        assertThat(bans.callsTurnedAway(Ban.Kind.MANUAL)).isZero();
    }
}

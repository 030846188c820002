package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.RecordingExchange.DROP;
import static org.rpcward.proxy.fixture.RecordingExchange.SILENCE;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.scan.Scans;

/** What becomes of those who go through the programs. */
class ScanningTest {
    private static final String CLIENT = "198.51.100.7";
    private static final String TOOWEAK = Hex.word(CallBytes.XID) + " 00000001 00000001 00000001 00000005";
    private static final String RULES = """
            rules:
              - { name: clients look up, from: 198.51.100.0/24, call: lookup, program: [nfs, mountd], then: allow }
              - { name: clients hear no, from: 198.51.100.0/24, then: %s }
            enumeration: { throttle_at: 20, ban_at: 60, window: 60s }
            """;

    private final FakeClock clock = new FakeClock();
    private final RecordingObserver observer = new RecordingObserver();
    private final List<String> told = new ArrayList<>();
    private final Bans bans = Services.bans(clock);
    private final Scans scans = new Scans(
            new Random(5),
            (sighting, bound) ->
                    told.add(sighting.transport().word() + " " + bound.word() + " " + sighting.fingerprint()));
    private PortmapService service = service("hide", "");

    private PortmapService service(String denied, String keys) {
        FakeDirectory directory = FakeDirectory.of(
                Mapping.anywhere(CallBytes.NFS, 3, Netid.TCP, 2049), Mapping.anywhere(100_005, 3, Netid.TCP, 20_048));
        return new PortmapService(
                Policies.serving(Policies.of(String.format(RULES, denied) + keys), directory),
                clock,
                observer,
                bans,
                scans,
                new Overload(clock));
    }

    private String ask(Transport transport, CallBytes call) {
        RecordingExchange exchange =
                RecordingExchange.of(transport, call).from(CLIENT).arrivingAt(clock.getAsLong());
        service.handle(exchange);
        return exchange.outcome();
    }

    private String lookUp(Transport transport, int program) {
        return ask(transport, CallBytes.of(Procedure.GETPORT, 2, program, 3));
    }

    private boolean isBanned() {
        return bans.covers(RecordingExchange.address(CLIENT));
    }

    /** After how many questions there was something else than an answer. */
    private int walk(Transport transport, int atMost) {
        for (int i = 1; i <= atMost; i++) {
            String outcome = lookUp(transport, 300_000 + i);
            if (outcome.equals(DROP) || outcome.equals(TOOWEAK)) {
                return i;
            }
        }
        return Integer.MAX_VALUE;
    }

    @ParameterizedTest
    @CsvSource({"hide, UDP", "hide, TCP", "allow, UDP", "allow, TCP"})
    void aWalkIsThrottledWithinTwentyQuestionsWhetherProgramsAreHiddenOrAbsent(String verdict, Transport transport) {
        service = service(verdict, "");
        assertThat(walk(transport, 10_000)).isLessThanOrEqualTo(20);
        assertThat(told).containsExactly(transport.word() + " throttle ");
        // What is there and allowed is throttled no less, or the difference would tell.
        assertThat(lookUp(transport, CallBytes.NFS)).isEqualTo(transport == Transport.UDP ? DROP : TOOWEAK);
        clock.pass(Duration.ofSeconds(1));
        assertThat(lookUp(transport, CallBytes.NFS)).isNotEqualTo(DROP).isNotEqualTo(TOOWEAK);
    }

    @Test
    void aThrottledSourceMayPing() {
        walk(Transport.UDP, 100);
        assertThat(ask(Transport.UDP, CallBytes.call(2, 0))).isNotEqualTo(DROP);
    }

    @Test
    void aWalkOverTcpIsBannedAndOneOverUdpNever() {
        for (int i = 0; i < 10_000; i++) {
            lookUp(Transport.UDP, i);
        }
        assertThat(isBanned()).isFalse();
        int questions = 0;
        while (!isBanned()) {
            clock.pass(Duration.ofMillis(10));
            lookUp(Transport.TCP, questions);
            questions++;
        }
        assertThat(questions).isBetween(30, 60);
        assertThat(lookUp(Transport.TCP, CallBytes.NFS)).isEqualTo(DROP);
        assertThat(lookUp(Transport.UDP, CallBytes.NFS)).isEqualTo(DROP);
        assertThat(bans.list()).singleElement().satisfies(ban -> {
            assertThat(ban.prefix()).hasToString(CLIENT + "/32");
            assertThat(ban.evidence()).matches("6\\d points, \\d\\d programs, \\d+ misses");
        });
        assertThat(told).containsExactly("udp throttle ", "tcp throttle ", "tcp ban ");

        // Served again after it, and banned again only for more of the same.
        clock.pass(Duration.ofSeconds(66));
        assertThat(lookUp(Transport.TCP, CallBytes.NFS)).isNotEqualTo(DROP).isNotEqualTo(TOOWEAK);
        assertThat(isBanned()).isFalse();
    }

    /** The best client's address is forged: it stays served over TCP, and is never banned. */
    @Test
    void whatIsForgedOverUdpHindersNobodyOverTcp() {
        lookUp(Transport.TCP, CallBytes.NFS);
        for (int i = 0; i < 100_000; i++) {
            lookUp(Transport.UDP, i % 50_000);
            if (i % 1000 == 0) {
                assertThat(lookUp(Transport.TCP, CallBytes.NFS))
                        .isNotEqualTo(DROP)
                        .isNotEqualTo(TOOWEAK);
                assertThat(lookUp(Transport.TCP, 100_005)).isNotEqualTo(DROP).isNotEqualTo(TOOWEAK);
            }
        }
        assertThat(isBanned()).isFalse();
        assertThat(scans.throttled(Transport.TCP)).isZero();
        assertThat(scans.throttled(Transport.UDP)).isGreaterThan(90_000);
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void theMountOfAnHonestClientIsNoScan(Transport transport) {
        int[] programs = {100_000, 100_003, 100_005, 100_021, 100_024, 100_011, 100_227};
        for (int round = 0; round < 100; round++) {
            for (int program : programs) {
                assertThat(lookUp(transport, program)).isNotEqualTo(DROP).isNotEqualTo(TOOWEAK);
            }
        }
        assertThat(told).isEmpty();
    }

    @Test
    void nmapIsKnownByItsFirstCall() {
        ask(Transport.TCP, CallBytes.call(104_316, 0));
        assertThat(told).containsExactly("tcp throttle nmap RPCCheck");
    }

    @Test
    void rpcGrindIsKnownByItsFirstCallAndHearsNoMore() {
        ask(Transport.UDP, CallBytes.call(168_078, 0).program(100_003));
        assertThat(told).containsExactly("udp throttle rpc-grind");
        assertThat(ask(Transport.UDP, CallBytes.call(168_078, 0).program(100_005)))
                .isEqualTo(DROP);
        assertThat(ask(Transport.TCP, CallBytes.call(168_078, 0).program(100_003)))
                .isNotEqualTo(DROP);
        assertThat(ask(Transport.TCP, CallBytes.call(168_078, 0).program(100_005)))
                .isEqualTo(TOOWEAK);
    }

    @Test
    void listingsThatAreDeniedAreTakenForNmapWhereNobodyElseBegins() {
        ask(Transport.TCP, CallBytes.call(2, 4));
        ask(Transport.TCP, CallBytes.call(3, 4));
        assertThat(told).isEmpty();
        ask(Transport.TCP, CallBytes.call(4, 4));
        assertThat(told).containsExactly("tcp throttle nmap rpcinfo");
    }

    @Test
    void auditTellsAndHindersNobody() {
        service = service("hide", "mode: audit\n");
        assertThat(walk(Transport.TCP, 1_000)).isEqualTo(Integer.MAX_VALUE);
        assertThat(walk(Transport.UDP, 1_000)).isEqualTo(Integer.MAX_VALUE);
        assertThat(isBanned()).isFalse();
        assertThat(told).containsExactly("tcp throttle ", "tcp ban ", "udp throttle ");
        assertThat(observer.take()).contains("would be hindered, refuse for enumeration");
    }

    @Test
    void offCountsNothing() {
        service = service("hide", "");
        service.replace(Policies.serving(
                Policies.of(String.format(RULES, "hide").replaceAll("enumeration: .*", "enumeration: off")),
                FakeDirectory.of()));
        assertThat(walk(Transport.TCP, 1_000)).isEqualTo(Integer.MAX_VALUE);
        assertThat(told).isEmpty();
    }

    @Test
    void whoIsNeverBannedIsThrottled() {
        service = service("hide", "bans: { never: [198.51.100.0/24] }\n");
        for (int i = 0; i < 200; i++) {
            lookUp(Transport.TCP, i);
        }
        assertThat(isBanned()).isFalse();
        assertThat(lookUp(Transport.TCP, 1)).isEqualTo(TOOWEAK);
        assertThat(ask(Transport.UDP, CallBytes.of(Procedure.BCAST, 4))).isIn(SILENCE, TOOWEAK);
    }
}

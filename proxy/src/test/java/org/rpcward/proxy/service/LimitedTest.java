package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.CallBytes.call;
import static org.rpcward.proxy.fixture.RecordingExchange.DROP;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.limit.Limits;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/** Calls over a limit. */
class LimitedTest {
    private static final String CLIENT = "198.51.100.7";
    private static final String STRANGER = "203.0.113.9";

    private static final FakeDirectory DIRECTORY = FakeDirectory.of(
            Mapping.anywhere(CallBytes.NFS, 3, Netid.TCP, 2049), Mapping.anywhere(CallBytes.NFS, 3, Netid.UDP, 2049));

    private final FakeClock clock = new FakeClock();
    private final RecordingObserver observer = new RecordingObserver();

    @ParameterizedTest
    @CsvSource({"drop", "refuse", "hide"})
    void aCallOverALimitHearsWhatARuleOfThatVerdictSays(String over) {
        String everything = """
                amplification: { udp: 100 }
                rules:
                  - name: all
                    from: any
                    call: [ping, lookup, list, time, convert, stats]
                """;
        Policy saysSo = Policies.of(everything + "    then: " + over + "\n");
        Policy limited = Policies.of(everything + "    then: allow\n    limit: it\n"
                + "limits: { it: { rate: 1/h, burst: 1, per: listener, over: " + over + " } }\n");
        for (Transport transport : Transport.values()) {
            for (Procedure procedure : Procedure.values()) {
                for (int protocol = 2; protocol <= 4; protocol++) {
                    if (!procedure.existsIn(protocol) || !procedure.callClass().allowable()) {
                        continue;
                    }
                    CallBytes call = CallBytes.of(procedure, protocol);
                    PortmapService service = service(limited);
                    String first = ask(service, CLIENT, transport, call);
                    observer.take();
                    String second = ask(service, CLIENT, transport, call);
                    List<String> told = observer.take();

                    assertThat(second).isEqualTo(ask(service(saysSo), CLIENT, transport, call));
                    assertThat(first)
                            .isEqualTo(ask(
                                    service(Policies.of(everything + "    then: allow\n")), CLIENT, transport, call));
                    assertThat(told.get(0))
                            .isEqualTo("decided " + procedure.word() + " allow by all, " + over + " for limit it");
                }
            }
        }
    }

    @Test
    void aLimitIsChargedBeforeAnythingIsLookedUp() {
        FakeDirectory directory = FakeDirectory.of();
        PortmapService service = Services.of(serving(limited("over: drop"), directory), clock, observer);
        for (int i = 0; i < 10; i++) {
            ask(service, CLIENT, Transport.UDP, CallBytes.of(Procedure.GETPORT, 2));
        }
        assertThat(directory.questions()).hasSize(2);
    }

    @Test
    void tokensComeBack() {
        PortmapService service = service(limited("over: drop"));
        CallBytes call = CallBytes.of(Procedure.GETPORT, 2);
        assertThat(answered(service, CLIENT, call, 5)).isEqualTo(2);
        clock.pass(Duration.ofSeconds(1));
        assertThat(answered(service, CLIENT, call, 5)).isEqualTo(1);
        assertThat(answered(service, "198.51.100.8", call, 5)).isEqualTo(2);
    }

    @Test
    void whatARuleDropsIsNotCharged() {
        PortmapService service = service(Policies.of("""
                limits: { it: { rate: 1/s, burst: 2, per: listener } }
                rules:
                  - { name: look up, from: 198.51.100.0/24, call: lookup, then: allow, limit: it }
                """));
        for (int i = 0; i < 10; i++) {
            ask(service, STRANGER, Transport.UDP, CallBytes.of(Procedure.GETPORT, 2));
        }
        assertThat(answered(service, CLIENT, CallBytes.of(Procedure.GETPORT, 2), 5))
                .isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"'', ', mode: audit'", "'mode: audit\n', ''"})
    void inAuditModeItIsToldAndTheCallGoesOn(String policyMode, String limitMode) {
        PortmapService service = service(Policies.of(policyMode + """
                limits: { it: { rate: 1/s, burst: 1, per: source, over: hide%s } }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: it }
                """.formatted(limitMode)));
        CallBytes call = CallBytes.of(Procedure.GETPORT, 2);
        String first = ask(service, CLIENT, Transport.UDP, call);
        observer.take();

        assertThat(ask(service, CLIENT, Transport.UDP, call)).isEqualTo(first);
        assertThat(observer.take())
                .containsExactly(
                        "would be hindered, hide for limit it",
                        "decided getport allow by look up",
                        "replied answered 28");
    }

    @Test
    void malformedCallsOfKnownSourcesAreAnsweredAsTheirLimitsLetThem() {
        PortmapService service = service(limited("over: refuse"));
        CallBytes garbage = call(2, 3).uint(1);
        assertThat(answered(service, CLIENT, garbage, 5)).isEqualTo(2);
        assertThat(observer.take()).contains("malformed bad_xdr allow", "malformed bad_xdr drop, drop for limit it");
        assertThat(answered(service, CLIENT, CallBytes.of(Procedure.GETPORT, 2), 5))
                .isEqualTo(5);
        assertThat(observer.take()).contains("decided getport allow by look up, refuse for limit it");
    }

    @Test
    void malformedCallsOfStrangersAreNobodysCharge() {
        PortmapService service = service(limited("over: refuse"));
        assertThat(answered(service, STRANGER, call(2, 3).uint(1), 5)).isZero();
        assertThat(observer.take()).containsOnly("malformed bad_xdr drop");
    }

    @Test
    void malformedCallsOfStrangersCanBeLimitedByARuleThatNamesEverybody() {
        PortmapService service = service(Policies.of("""
                limits: { polite: { rate: 1/s, burst: 3, per: prefix } }
                rules:
                  - { name: the rest, from: any, then: refuse, limit: polite }
                """));
        assertThat(answered(service, STRANGER, call(2, 3).uint(1), 10)).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"OVERSIZED", "RECORD_TOO_BIG", "EMPTY_FRAGMENT"})
    void whatCannotBeAnsweredIsChargedToo(Fault fault) {
        PortmapService service = service(limited("over: refuse"));
        for (int i = 0; i < 5; i++) {
            RecordingExchange exchange = RecordingExchange.of(Transport.UDP, call(2, 0))
                    .from(CLIENT)
                    .faulty(fault)
                    .arrivingAt(clock.getAsLong());
            service.handle(exchange);
            assertThat(exchange.outcome()).isEqualTo(DROP);
        }
        assertThat(observer.take())
                .containsExactly(
                        "malformed " + fault.word() + " drop",
                        "malformed " + fault.word() + " drop",
                        "malformed " + fault.word() + " drop, drop for limit it",
                        "malformed " + fault.word() + " drop, drop for limit it",
                        "malformed " + fault.word() + " drop, drop for limit it");
    }

    @Test
    void bytesOfRepliesAreCharged() {
        PortmapService service = service(Policies.of("""
                limits: { bytes: { rate: 28B/s, burst: 50B, per: source } }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, limit: bytes }
                """));
        CallBytes call = CallBytes.of(Procedure.GETPORT, 2);
        // 28 bytes each: the first are charged to the prefix, then 22 are left, then it is 6 in debt.
        assertThat(answered(service, CLIENT, call, 5)).isEqualTo(3);
        clock.pass(Duration.ofMillis(215));
        assertThat(answered(service, CLIENT, call, 1)).isZero();
        clock.pass(Duration.ofMillis(50));
        assertThat(answered(service, CLIENT, call, 5)).isEqualTo(1);
    }

    @Test
    void bucketsStayOverAReload() {
        Policy policy = limited("over: drop");
        Serving first = serving(policy, DIRECTORY);
        PortmapService service = Services.of(first, clock, observer);
        CallBytes call = CallBytes.of(Procedure.GETPORT, 2);
        assertThat(answered(service, CLIENT, call, 5)).isEqualTo(2);
        Serving next = new Serving(policy, first.directories(), Limits.of(policy, first.limits()));
        service.replace(next.after(first));
        assertThat(answered(service, CLIENT, call, 5)).isZero();
        service.replace(next);
        assertThat(answered(service, CLIENT, call, 5)).isZero();
    }

    private static Policy limited(String more) {
        return Policies.of("""
                limits: { it: { rate: 1/s, burst: 2, per: source, %s } }
                rules:
                  - { name: look up, from: 198.51.100.0/24, call: lookup, then: allow, limit: it }
                """.formatted(more));
    }

    private int answered(PortmapService service, String source, CallBytes call, int calls) {
        int answered = 0;
        for (int i = 0; i < calls; i++) {
            answered += ask(service, source, Transport.UDP, call).equals(DROP) ? 0 : 1;
        }
        return answered;
    }

    private String ask(PortmapService service, String source, Transport transport, CallBytes call) {
        RecordingExchange exchange =
                RecordingExchange.of(transport, call).from(source).arrivingAt(clock.getAsLong());
        service.handle(exchange);
        return exchange.outcome();
    }

    private PortmapService service(Policy policy) {
        return Services.of(serving(policy, DIRECTORY), clock, observer);
    }

    private Serving serving(Policy policy, FakeDirectory directory) {
        Serving made = Policies.serving(policy, directory);
        return new Serving(policy, made.directories(), Limits.of(policy, null));
    }
}

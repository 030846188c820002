package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.Outcome;

class CallLogTest {
    private static final int NFS = 100_003;
    private static final int LINES_PER_SECOND = 100;
    private static final Duration ONE_PER = Duration.ofSeconds(10);
    private static final Pattern SUPPRESSED = Pattern.compile("\"suppressed\":(\\d+)");
    private static final Policy POLICY = Policies.of("""
            rules:
              - { name: clients look up, from: 198.51.100.0/24, call: lookup, then: allow }
              - { name: no lists, from: 198.51.100.0/24, call: list, then: refuse }
            log: { allow: none }
            """);

    private final FakeClock clock = new FakeClock();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final EventLog log = new EventLog(out, clock);
    private final Counters counters = new Counters(clock, clock);
    private final CallLog calls = new CallLog(log, counters, clock);

    @Test
    void aDeniedCallIsToldWithItsRule() {
        decide(POLICY, "198.51.100.7", Procedure.DUMP);

        assertThat(lines())
                .extracting(line -> line.replaceFirst("\"id\":\"[0-9a-f]{8}00000001\"", "\"id\":1"))
                .containsExactly("{\"time\":\"2026-11-01T12:00:00Z\",\"event\":\"call\",\"id\":1,\"listener\":\"lan\","
                        + "\"source\":\"198.51.100.7\",\"transport\":\"udp\",\"protocol\":4,\"procedure\":\"dump\","
                        + "\"verdict\":\"refuse\",\"rule\":\"no lists\",\"reason\":\"rule\",\"revision\":\""
                        + POLICY.revision() + "\",\"suppressed\":0,\"path\":\"none\",\"duration_us\":0}");
    }

    @Test
    void aCallIsToldWhenItHasEndedWithItsPathAndItsTime() {
        Policy all = Policies.of("""
                rules:
                  - { name: trial, from: any, call: ping, then: drop, mode: audit }
                  - { name: all, from: any, then: allow, call: ping }
                log: { allow: all }
                """);
        Query query = new Query(address("198.51.100.7"), Transport.UDP, 2, Procedure.NULL);
        RecordingExchange exchange = exchange("198.51.100.7").taking(Duration.ofMillis(7));
        calls.decided(exchange, query, all.rules().decide(query), null, all);
        calls.replied(exchange, Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.BACKEND, 24);
        calls.replied(exchange, Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.BACKEND, 24);

        List<String> lines = lines();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0)).contains("\"reason\":\"trial\"").doesNotContain("path");
        assertThat(lines.get(1)).endsWith("\"suppressed\":0,\"path\":\"backend\",\"duration_us\":7000}");
        assertThat(id(lines.get(0))).isEqualTo(id(lines.get(1)));
    }

    private static String id(String line) {
        return line.replaceFirst(".*\"id\":\"([0-9a-f]{16})\".*", "$1");
    }

    @Test
    void aDeniedLookupIsToldWithItsProgram() {
        decide(POLICY, "203.0.113.9", Procedure.GETPORT);

        assertThat(lines().get(0))
                .contains("\"procedure\":\"getport\",\"program\":{\"name\":\"nfs\",\"number\":100003},\"version\":3,"
                        + "\"verdict\":\"drop\",\"rule\":\"default\"");
    }

    @Test
    void aFaultyCallIsToldWithItsFault() {
        RecordingExchange exchange = exchange("203.0.113.9");
        calls.malformed(exchange, Fault.UNKNOWN_PROGRAM, Verdict.DROP, null, POLICY);
        calls.silent(exchange);

        assertThat(lines().get(0))
                .contains(
                        "\"transport\":\"udp\",\"verdict\":\"drop\",\"rule\":\"default\",\"reason\":\"unknown_program\"");
    }

    @Test
    void oneLinePerSourceAndRuleInAWhileTellsHowManyWereLeftOut() {
        for (int i = 0; i < 7; i++) {
            decide(POLICY, "203.0.113.9", Procedure.NULL);
        }
        clock.pass(ONE_PER.minusNanos(1));
        decide(POLICY, "203.0.113.9", Procedure.NULL);
        clock.pass(Duration.ofNanos(1));
        decide(POLICY, "203.0.113.9", Procedure.NULL);

        assertThat(lines()).hasSize(2).extracting(CallLogTest::suppressed).containsExactly(0L, 7L);
    }

    @Test
    void otherSourcesAndOtherRulesHaveTheirOwnLines() {
        for (int i = 0; i < 3; i++) {
            decide(POLICY, "203.0.113.9", Procedure.NULL);
            decide(POLICY, "203.0.113.10", Procedure.NULL);
            decide(POLICY, "198.51.100.7", Procedure.DUMP);
            decide(POLICY, "198.51.100.7", Procedure.GETTIME);
        }

        assertThat(lines()).hasSize(4);
    }

    @Test
    void allSourcesTogetherHaveSoManyLinesASecond() {
        for (int i = 0; i < 1000; i++) {
            decide(POLICY, "203.0." + (i >> 8) + "." + (i & 255), Procedure.NULL);
        }
        clock.pass(Duration.ofSeconds(1));
        decide(POLICY, "203.0.113.9", Procedure.NULL);

        List<String> lines = lines();
        assertThat(lines).hasSize(LINES_PER_SECOND + 2);
        assertThat(lines.get(LINES_PER_SECOND))
                .contains("\"event\":\"log\",\"suppressed\":900,\"reason\":\"too many sources to tell each\"");
    }

    /** A policy may want a source's line once an hour; nobody is forgotten before that. */
    @Test
    void oneLineInAWhileHoldsForALongWhileToo() {
        Policy rarely = Policies.of("rules: []\nlog: { deny: { one_per: 10m } }\n");
        for (int i = 0; i < 8; i++) {
            decide(rarely, "203.0.113.9", Procedure.NULL);
            clock.pass(Duration.ofSeconds(90));
        }

        assertThat(lines()).hasSize(2).extracting(CallLogTest::suppressed).containsExactly(0L, 6L);
    }

    @Test
    void whoFoundNoRoomInASecondIsToldInTheNext() {
        for (int i = 0; i <= LINES_PER_SECOND; i++) {
            decide(POLICY, "203.0.112." + i, Procedure.NULL);
        }
        clock.pass(Duration.ofSeconds(1));
        decide(POLICY, "203.0.112." + LINES_PER_SECOND, Procedure.NULL);

        assertThat(lines())
                .filteredOn(l -> l.contains("\"203.0.112." + LINES_PER_SECOND + "\""))
                .hasSize(1);
        assertThat(counters.log().notToldAgain()).isZero();
    }

    /** Whatever is left out, for whatever reason, is told in some line. */
    @Test
    void nothingIsLeftOutUntold() {
        int told = 0;
        for (int round = 0; round < 12; round++) {
            for (int i = 0; i < 300; i++) {
                decide(POLICY, "203.0." + (i >> 8) + "." + (i & 255), Procedure.NULL);
                decide(POLICY, "203.0." + (i >> 8) + "." + (i & 255), Procedure.NULL);
                told += 2;
            }
            clock.pass(ONE_PER);
        }
        clock.pass(ONE_PER);
        // Each in a second of its own, so that every source has a line that tells the rest.
        for (int i = 0; i < 300; i++) {
            decide(POLICY, "203.0." + (i >> 8) + "." + (i & 255), Procedure.NULL);
            told++;
            clock.pass(Duration.ofMillis(100));
        }

        List<String> lines = lines();
        long callLines =
                lines.stream().filter(l -> l.contains("\"event\":\"call\"")).count();
        long leftOut = lines.stream().mapToLong(CallLogTest::suppressed).sum();
        assertThat(callLines + leftOut).isEqualTo(told);
    }

    /** Who comes all the time is not taken for one that has stopped. */
    @Test
    void aSourceThatComesAllTheTimeIsNotForgotten() {
        for (int i = 0; i < 600; i++) {
            decide(POLICY, "203.0.113.9", Procedure.NULL);
            decide(POLICY, "203.0." + (i >> 8) + "." + (i & 255), Procedure.NULL);
            clock.pass(Duration.ofMillis(300));
        }

        assertThat(lines())
                .filteredOn(l -> l.contains("\"203.0.113.9\""))
                .allMatch(l -> l.contains("\"event\":\"call\""))
                .hasSize(18);
    }

    @Test
    void aSourceThatStopsHasALastLineWithWhatWasLeftOut() {
        for (int i = 0; i < 5; i++) {
            decide(POLICY, "203.0.113.9", Procedure.NULL);
        }
        clock.pass(Duration.ofMinutes(2));
        log.start();
        AtomicInteger others = new AtomicInteger();
        // What has expired is noticed while others come.
        await().untilAsserted(() -> {
            decide(POLICY, "203.0.112." + others.incrementAndGet(), Procedure.NULL);
            assertThat(written()).contains("\"event\":\"suppressed\"");
        });
        log.stop();

        assertThat(written())
                .contains("\"event\":\"suppressed\",\"source\":\"203.0.113.9\",\"rule\":\"default\",\"suppressed\":4}");
    }

    @Test
    void ofAllowedCallsNoneOrAllOrASampleIsTold() {
        Policy all = Policies.of("rules: [{ name: all, from: any, then: allow, call: ping }]\nlog: { allow: all }\n");
        Policy some = Policies.of("rules: [{ name: all, from: any, then: allow, call: ping }]\nlog: { allow: 1/10 }\n");
        for (int i = 0; i < 50; i++) {
            decide(POLICY, "198.51.100.7", Procedure.GETPORT);
        }
        for (int i = 0; i < 50; i++) {
            decide(all, "198.51.100.7", Procedure.NULL);
        }
        List<String> lines = lines();
        assertThat(lines).hasSize(50).allMatch(l -> l.contains("\"verdict\":\"allow\",\"rule\":\"all\""));

        ByteArrayOutputStream sampled = new ByteArrayOutputStream();
        EventLog sample = new EventLog(sampled, clock);
        CallLog sampling = new CallLog(sample, new Counters(clock, clock), clock);
        for (int i = 0; i < 2000; i++) {
            decide(sampling, some, "198.51.100.7", Procedure.NULL);
        }
        sample.start();
        sample.stop();
        assertThat(sampled.toString(StandardCharsets.UTF_8).lines().count()).isBetween(100L, 320L);
    }

    @Test
    void aTrialIsToldAsWhatItWouldDo() {
        Policy policy = Policies.of("""
                rules:
                  - { name: trial, from: any, call: ping, then: drop, mode: audit }
                  - { name: all, from: any, call: ping, then: allow }
                log: { allow: none }
                """);
        decide(policy, "198.51.100.7", Procedure.NULL);
        decide(policy, "198.51.100.7", Procedure.NULL);

        assertThat(lines())
                .hasSize(1)
                .first()
                .asString()
                .contains("\"verdict\":\"drop\",\"rule\":\"trial\",\"reason\":\"trial\",\"mode\":\"audit\"");
    }

    @Test
    void auditModeIsTold() {
        Policy policy = Policies.of("mode: audit\nrules: []\n");
        decide(policy, "198.51.100.7", Procedure.NULL);

        assertThat(lines().get(0))
                .contains("\"verdict\":\"drop\",\"rule\":\"default\",\"reason\":\"rule\",\"mode\":\"audit\"");
    }

    @Test
    void aProgramThatNobodyKnowsHasNoName() {
        Query query = new Query(address("203.0.113.9"), Transport.UDP, 2, Procedure.GETPORT, -2, -1);
        RecordingExchange exchange = exchange("203.0.113.9");
        calls.decided(exchange, query, POLICY.rules().decide(query), null, POLICY);
        calls.silent(exchange);

        assertThat(lines().get(0)).contains("\"program\":{\"name\":\"\",\"number\":4294967294},\"version\":4294967295");
    }

    @Test
    void aMistakeIsToldOnceInAWhileWithItsStack() {
        for (int i = 0; i < 5; i++) {
            calls.failed(exchange("198.51.100.7"), mistake());
        }

        assertThat(lines())
                .singleElement()
                .asString()
                .contains("\"event\":\"failure\",\"listener\":\"lan\",\"transport\":\"udp\","
                        + "\"reason\":\"java.lang.IllegalStateException: a mistake\",\"stack\":\"org.rpcward.")
                .endsWith("\"suppressed\":0}");
        assertThat(calls.totals()).containsEntry("failures", 5L);
    }

    @Test
    void soIsOneThatNoCallBroughtAbout() {
        calls.failed("bans", mistake());
        calls.failed("bans", mistake());

        assertThat(lines())
                .singleElement()
                .asString()
                .contains("\"event\":\"failure\",\"where\":\"bans\","
                        + "\"reason\":\"java.lang.IllegalStateException: a mistake\",\"stack\":\"org.rpcward.")
                .endsWith("\"suppressed\":0}");
        assertThat(calls.totals()).containsEntry("failures", 2L);
    }

    @Test
    void troubleIsToldOnceInAWhileWithHowOftenItWasNot() {
        for (int i = 0; i < 3; i++) {
            calls.trouble("listen", "no descriptors");
        }
        clock.pass(Duration.ofSeconds(30));
        calls.trouble("listen", "no descriptors");
        clock.pass(Duration.ofSeconds(31));
        calls.trouble("listen", "no descriptors");

        assertThat(lines())
                .hasSize(2)
                .allMatch(l -> l.contains("\"event\":\"failure\",\"where\":\"listen\",\"reason\":\"no descriptors\""))
                .extracting(CallLogTest::suppressed)
                .containsExactly(0L, 3L);
    }

    private static IllegalStateException mistake() {
        return new IllegalStateException("a mistake");
    }

    @Test
    void everythingIsCounted() {
        decide(POLICY, "198.51.100.7", Procedure.GETPORT);
        decide(POLICY, "198.51.100.7", Procedure.DUMP);
        calls.malformed(exchange("198.51.100.7"), Fault.SHORT, Verdict.DROP, null, POLICY);
        calls.replied(exchange("198.51.100.7"), Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.CACHE, 28);
        calls.overBudget(exchange("198.51.100.7"), Procedure.DUMP);
        calls.unavailable(exchange("198.51.100.7"));
        counters.backends().asked(BackendResult.Status.OK);

        assertThat(calls.calls(4 << 8 | 4)).isEqualTo(1);
        assertThat(calls.calls(2 << 8 | 3)).isEqualTo(1);
        assertThat(calls.calls(3 << 8 | 3)).isZero();
        assertThat(calls.totals())
                .containsEntry("calls", 3L)
                .containsEntry("verdict_allow", 1L)
                .containsEntry("verdict_refuse", 1L)
                .containsEntry("verdict_drop", 1L)
                .containsEntry("fault_short", 1L)
                .containsEntry("reply_answered", 1L)
                .containsEntry("received_bytes_udp", 120L)
                .containsEntry("sent_bytes_udp", 28L)
                .containsEntry("over_budget", 1L)
                .containsEntry("unavailable", 1L)
                .containsEntry("backend_ok", 1L)
                .doesNotContainKeys("verdict_hide", "unlogged", "failures");
    }

    private void decide(Policy policy, String source, Procedure procedure) {
        decide(calls, policy, source, procedure);
    }

    private static void decide(CallLog to, Policy policy, String source, Procedure procedure) {
        Query query = new Query(address(source), Transport.UDP, procedure.newestProtocol(), procedure, NFS, 3);
        RecordingExchange exchange = exchange(source);
        to.decided(exchange, query, policy.rules().decide(query), null, policy);
        to.silent(exchange);
    }

    private static RecordingExchange exchange(String source) {
        return RecordingExchange.of(Transport.UDP, CallBytes.call(4, 0)).from(source);
    }

    private static IpAddress address(String text) {
        return RecordingExchange.address(text);
    }

    private static long suppressed(String line) {
        Matcher matcher = SUPPRESSED.matcher(line);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    private String written() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private List<String> lines() {
        log.start();
        log.stop();
        return written().lines().toList();
    }
}

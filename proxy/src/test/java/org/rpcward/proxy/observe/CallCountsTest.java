package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;

class CallCountsTest {
    private static final String CLIENT = "198.51.100.7";
    private static final int NFS = 100_003;
    private static final Policy POLICY = Policies.of("""
            rules:
              - { name: find, from: 198.51.100.0/24, call: lookup, then: allow }
              - { name: no lists, from: 198.51.100.0/24, call: list, then: refuse }
            """);

    private final CallCounts counts = new CallCounts();

    @Test
    void aCallIsCountedByWhatWasAskedAndWhatWasDone() {
        decide(POLICY, Procedure.GETPORT);
        decide(POLICY, Procedure.DUMP);
        decide(POLICY, Procedure.DUMP);

        assertThat(counts.of(Policies.LISTENER, Transport.UDP, Procedure.DUMP)).isEqualTo(2);
        assertThat(counts.of(Policies.LISTENER, Transport.TCP, Procedure.DUMP)).isZero();
        assertThat(counts.verdicts(Verdict.REFUSE, Procedure.DUMP, Transport.UDP))
                .isEqualTo(2);
        assertThat(counts.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);
        assertThat(counts.of(4 << 8 | Procedure.DUMP.number())).isEqualTo(2);
        assertThat(counts.ruleHits())
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 1L)
                .containsEntry(new RuleKey("no lists", Verdict.REFUSE, Mode.ENFORCE), 2L)
                .containsEntry(new RuleKey("default", Verdict.DROP, Mode.ENFORCE), 0L);
    }

    @Test
    void aFaultIsACallThatFallsToTheDefaultUnlessItsSourceIsTold() {
        counts.malformed(exchange(), Fault.SHORT, Verdict.DROP, null, POLICY);
        counts.malformed(exchange(), Fault.BAD_XDR, Verdict.ALLOW, null, POLICY);

        assertThat(counts.of(Policies.LISTENER, Transport.UDP, null)).isEqualTo(2);
        assertThat(counts.malformed(Transport.UDP, Fault.SHORT)).isEqualTo(1);
        assertThat(counts.ruleHits()).containsEntry(new RuleKey("default", Verdict.DROP, Mode.ENFORCE), 1L);
    }

    @Test
    void inAuditModeAFaultIsToldToItsSourceAndCountedAsWhatWouldBe() {
        Policy audit = Policies.of("""
                mode: audit
                rules: [{ name: no lists, from: 198.51.100.0/24, call: list, then: refuse }]
                """);

        counts.malformed(exchange(), Fault.UNKNOWN_PROGRAM, Verdict.DROP, null, audit);
        counts.malformed(exchange(), Fault.SHORT, Verdict.DROP, null, audit);

        assertThat(counts.verdicts(Verdict.ALLOW, null, Transport.UDP)).isEqualTo(1);
        assertThat(counts.verdicts(Verdict.DROP, null, Transport.UDP)).isEqualTo(1);
        assertThat(counts.ruleHits()).containsEntry(new RuleKey("default", Verdict.DROP, Mode.AUDIT), 2L);
    }

    @Test
    void inAuditModeWhatIsDoneAndWhatWouldBeAreTold() {
        Policy audit = Policies.of("""
                mode: audit
                rules: [{ name: no lists, from: 198.51.100.0/24, call: list, then: refuse }]
                """);

        decide(audit, Procedure.DUMP);
        decide(audit, Procedure.SET);

        assertThat(counts.verdicts(Verdict.ALLOW, Procedure.DUMP, Transport.UDP))
                .isEqualTo(1);
        assertThat(counts.verdicts(Verdict.REFUSE, Procedure.DUMP, Transport.UDP))
                .isZero();
        assertThat(counts.verdicts(Verdict.REFUSE, Procedure.SET, Transport.UDP))
                .isEqualTo(1);
        assertThat(counts.ruleHits()).containsEntry(new RuleKey("no lists", Verdict.REFUSE, Mode.AUDIT), 1L);
    }

    @Test
    void aRuleOnTrialIsCountedBesideTheOneThatDecides() {
        Policy trial = Policies.of("""
                rules:
                  - { name: trial, mode: audit, from: 198.51.100.0/24, then: hide }
                  - { name: find, from: 198.51.100.0/24, call: lookup, then: allow }
                """);

        decide(trial, Procedure.GETPORT);

        assertThat(counts.ruleHits())
                .containsEntry(new RuleKey("trial", Verdict.HIDE, Mode.AUDIT), 1L)
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 1L);
    }

    @Test
    void whatHindersACallGoesBeforeItsRule() {
        Query query = query(Procedure.GETPORT);
        Hindrance ban = new Hindrance(Hindrance.Kind.BAN, "", Verdict.DROP);

        counts.decided(exchange(), query, POLICY.rules().decide(query), ban, POLICY);
        counts.turnedAway(exchange(), ban, POLICY);
        counts.wouldHinder(ban);

        assertThat(counts.verdicts(Verdict.DROP, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);
        assertThat(counts.of(Policies.LISTENER, Transport.UDP, null)).isEqualTo(1);
        assertThat(counts.hindered(Hindrance.Kind.BAN, Mode.ENFORCE)).isEqualTo(2);
        assertThat(counts.hindered(Hindrance.Kind.BAN, Mode.AUDIT)).isEqualTo(1);
    }

    @Test
    void aReloadForgetsWhatGoesAndKeepsWhatStays() {
        decide(POLICY, Procedure.GETPORT);
        decide(POLICY, Procedure.DUMP);

        Policy next = Policies.of("""
                rules:
                  - { name: new, from: 198.51.100.9, then: allow }
                  - { name: find, from: 198.51.100.0/24, call: lookup, then: allow }
                """);
        counts.serve(next);

        assertThat(counts.ruleHits())
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 1L)
                .containsEntry(new RuleKey("new", Verdict.ALLOW, Mode.ENFORCE), 0L)
                .doesNotContainKey(new RuleKey("no lists", Verdict.REFUSE, Mode.ENFORCE));

        // A call that is still under way by the policy before.
        decide(POLICY, Procedure.GETPORT);
        decide(POLICY, Procedure.DUMP);

        assertThat(counts.ruleHits())
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 2L)
                .containsEntry(new RuleKey("new", Verdict.ALLOW, Mode.ENFORCE), 0L);

        counts.serve(POLICY);

        assertThat(counts.ruleHits()).containsEntry(new RuleKey("no lists", Verdict.REFUSE, Mode.ENFORCE), 0L);
    }

    @Test
    void theCallsOfAListenerThatGoesStayInTheSums() {
        decide(POLICY, Procedure.GETPORT);
        Policy renamed = Policies.load("""
                version: 1
                listeners: { dmz: { bind: 192.0.2.1 } }
                backends: { legacy: { address: "127.0.0.1:111" } }
                rules: [{ name: find, from: 198.51.100.0/24, call: lookup, then: allow }]
                """);

        counts.serve(renamed);

        assertThat(counts.listeners()).containsExactly("dmz");
        assertThat(counts.of("dmz", Transport.UDP, Procedure.GETPORT)).isZero();
        assertThat(counts.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);

        counts.serve(POLICY);

        assertThat(counts.of(Policies.LISTENER, Transport.UDP, Procedure.GETPORT))
                .isZero();
        assertThat(counts.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);
    }

    @Test
    void rulesBeyondTheFirstManyShareACounter() {
        StringBuilder rules = new StringBuilder("rules:\n");
        for (int i = 0; i < 2 * CallCounts.MAX_RULES; i++) {
            rules.append("  - { name: rule %d, from: 198.51.100.%d, program: %d, then: allow }%n"
                    .formatted(i, i % 250, 200_000 + i));
        }
        Policy many = Policies.of(rules.toString());

        counts.serve(many);
        for (int i = 0; i < 2 * CallCounts.MAX_RULES; i++) {
            Query query = new Query(
                    RecordingExchange.address("198.51.100." + i % 250),
                    Transport.UDP,
                    2,
                    Procedure.GETPORT,
                    200_000 + i,
                    1);
            counts.decided(exchange(), query, many.rules().decide(query), null, many);
        }

        assertThat(counts.ruleHits()).hasSize(CallCounts.MAX_RULES + 1);
        assertThat(counts.ruleHits().values().stream().mapToLong(n -> n).sum()).isEqualTo(2 * CallCounts.MAX_RULES);
        assertThat(counts.ruleHits().get(new RuleKey(CallCounts.OVERFLOW, Verdict.ALLOW, Mode.ENFORCE)))
                .isGreaterThanOrEqualTo(CallCounts.MAX_RULES);
        assertThat(counts.ruleHits()).containsEntry(new RuleKey("rule 0", Verdict.ALLOW, Mode.ENFORCE), 1L);
    }

    @Test
    void threadsThatCountAtTheSameTimeLoseNothing() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        counts.serve(POLICY);
        for (int i = 0; i < 4; i++) {
            threads.add(new Thread(() -> {
                for (int n = 0; n < 10_000; n++) {
                    decide(POLICY, Procedure.GETPORT);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(counts.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(40_000);
    }

    private void decide(Policy policy, Procedure procedure) {
        Query query = query(procedure);
        counts.decided(exchange(), query, policy.rules().decide(query), null, policy);
    }

    private static Query query(Procedure procedure) {
        return new Query(
                RecordingExchange.address(CLIENT), Transport.UDP, procedure.newestProtocol(), procedure, NFS, 3);
    }

    private static Exchange exchange() {
        return RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, NFS, 3))
                .from(CLIENT);
    }
}

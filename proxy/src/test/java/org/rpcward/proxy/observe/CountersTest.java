package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendClient;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.observe.Counters.EndpointKey;
import org.rpcward.proxy.observe.Counters.RuleKey;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;
import org.rpcward.proxy.service.Outcome;

class CountersTest {
    private static final String CLIENT = "198.51.100.7";
    private static final int NFS = 100_003;
    private static final Policy POLICY = Policies.of("""
            rules:
              - { name: find, from: 198.51.100.0/24, call: lookup, then: allow }
              - { name: no lists, from: 198.51.100.0/24, call: list, then: refuse }
            """);

    private final FakeClock clock = new FakeClock();
    private final Counters counters = new Counters(clock, clock);

    @Test
    void aCallIsCountedByWhatWasAskedAndWhatWasDone() {
        decide(POLICY, Procedure.GETPORT);
        decide(POLICY, Procedure.DUMP);
        decide(POLICY, Procedure.DUMP);

        assertThat(counters.calls(Policies.LISTENER, Transport.UDP, Procedure.DUMP))
                .isEqualTo(2);
        assertThat(counters.calls(Policies.LISTENER, Transport.TCP, Procedure.DUMP))
                .isZero();
        assertThat(counters.verdicts(Verdict.REFUSE, Procedure.DUMP, Transport.UDP))
                .isEqualTo(2);
        assertThat(counters.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);
        assertThat(counters.calls(4 << 8 | Procedure.DUMP.number())).isEqualTo(2);
        assertThat(counters.ruleHits())
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 1L)
                .containsEntry(new RuleKey("no lists", Verdict.REFUSE, Mode.ENFORCE), 2L)
                .containsEntry(new RuleKey("default", Verdict.DROP, Mode.ENFORCE), 0L);
    }

    @Test
    void aFaultIsACallThatFallsToTheDefaultUnlessItsSourceIsTold() {
        counters.malformed(exchange(), Fault.SHORT, Verdict.DROP, null, POLICY);
        counters.malformed(exchange(), Fault.BAD_ARGUMENTS, Verdict.ALLOW, null, POLICY);

        assertThat(counters.calls(Policies.LISTENER, Transport.UDP, null)).isEqualTo(2);
        assertThat(counters.malformed(Transport.UDP, Fault.SHORT)).isEqualTo(1);
        assertThat(counters.ruleHits()).containsEntry(new RuleKey("default", Verdict.DROP, Mode.ENFORCE), 1L);
    }

    @Test
    void inAuditModeWhatIsDoneAndWhatWouldBeAreTold() {
        Policy audit = Policies.of("""
                mode: audit
                rules: [{ name: no lists, from: 198.51.100.0/24, call: list, then: refuse }]
                """);

        decide(audit, Procedure.DUMP);
        decide(audit, Procedure.SET);

        assertThat(counters.verdicts(Verdict.ALLOW, Procedure.DUMP, Transport.UDP))
                .isEqualTo(1);
        assertThat(counters.verdicts(Verdict.REFUSE, Procedure.DUMP, Transport.UDP))
                .isZero();
        assertThat(counters.verdicts(Verdict.REFUSE, Procedure.SET, Transport.UDP))
                .isEqualTo(1);
        assertThat(counters.ruleHits()).containsEntry(new RuleKey("no lists", Verdict.REFUSE, Mode.AUDIT), 1L);
    }

    @Test
    void aRuleOnTrialIsCountedBesideTheOneThatDecides() {
        Policy trial = Policies.of("""
                rules:
                  - { name: trial, mode: audit, from: 198.51.100.0/24, then: hide }
                  - { name: find, from: 198.51.100.0/24, call: lookup, then: allow }
                """);

        decide(trial, Procedure.GETPORT);

        assertThat(counters.ruleHits())
                .containsEntry(new RuleKey("trial", Verdict.HIDE, Mode.AUDIT), 1L)
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 1L);
    }

    @Test
    void whatHindersACallGoesBeforeItsRule() {
        Query query = query(Procedure.GETPORT);
        Hindrance ban = new Hindrance(Hindrance.Kind.BAN, "", Verdict.DROP);

        counters.decided(exchange(), query, POLICY.rules().decide(query), ban, POLICY);
        counters.turnedAway(exchange(), ban, POLICY);
        counters.wouldHinder(ban);

        assertThat(counters.verdicts(Verdict.DROP, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);
        assertThat(counters.calls(Policies.LISTENER, Transport.UDP, null)).isEqualTo(1);
        assertThat(counters.hindered(Hindrance.Kind.BAN, Mode.ENFORCE)).isEqualTo(2);
        assertThat(counters.hindered(Hindrance.Kind.BAN, Mode.AUDIT)).isEqualTo(1);
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
        counters.serve(next);

        assertThat(counters.ruleHits())
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 1L)
                .containsEntry(new RuleKey("new", Verdict.ALLOW, Mode.ENFORCE), 0L)
                .doesNotContainKey(new RuleKey("no lists", Verdict.REFUSE, Mode.ENFORCE));

        // A call that is still under way by the policy before.
        decide(POLICY, Procedure.GETPORT);
        decide(POLICY, Procedure.DUMP);

        assertThat(counters.ruleHits())
                .containsEntry(new RuleKey("find", Verdict.ALLOW, Mode.ENFORCE), 2L)
                .containsEntry(new RuleKey("new", Verdict.ALLOW, Mode.ENFORCE), 0L);

        counters.serve(POLICY);

        assertThat(counters.ruleHits()).containsEntry(new RuleKey("no lists", Verdict.REFUSE, Mode.ENFORCE), 0L);
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

        counters.serve(renamed);

        assertThat(counters.listeners()).containsExactly("dmz");
        assertThat(counters.calls("dmz", Transport.UDP, Procedure.GETPORT)).isZero();
        assertThat(counters.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);

        counters.serve(POLICY);

        assertThat(counters.calls(Policies.LISTENER, Transport.UDP, Procedure.GETPORT))
                .isZero();
        assertThat(counters.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(1);
    }

    @Test
    void rulesBeyondTheFirstManyShareACounter() {
        StringBuilder rules = new StringBuilder("rules:\n");
        for (int i = 0; i < 2 * Counters.MAX_RULES; i++) {
            rules.append("  - { name: rule %d, from: 198.51.100.%d, program: %d, then: allow }%n"
                    .formatted(i, i % 250, 200_000 + i));
        }
        Policy many = Policies.of(rules.toString());

        counters.serve(many);
        for (int i = 0; i < 2 * Counters.MAX_RULES; i++) {
            Query query = new Query(
                    RecordingExchange.address("198.51.100." + i % 250),
                    Transport.UDP,
                    2,
                    Procedure.GETPORT,
                    200_000 + i,
                    1);
            counters.decided(exchange(), query, many.rules().decide(query), null, many);
        }

        assertThat(counters.ruleHits()).hasSize(Counters.MAX_RULES + 1);
        assertThat(counters.ruleHits().values().stream().mapToLong(n -> n).sum())
                .isEqualTo(2 * Counters.MAX_RULES);
        assertThat(counters.ruleHits().get(new RuleKey(Counters.OVERFLOW, Verdict.ALLOW, Mode.ENFORCE)))
                .isGreaterThanOrEqualTo(Counters.MAX_RULES);
        assertThat(counters.ruleHits()).containsEntry(new RuleKey("rule 0", Verdict.ALLOW, Mode.ENFORCE), 1L);
    }

    @Test
    void threadsThatCountAtTheSameTimeLoseNothing() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        counters.serve(POLICY);
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

        assertThat(counters.verdicts(Verdict.ALLOW, Procedure.GETPORT, Transport.UDP))
                .isEqualTo(40_000);
    }

    @Test
    void repliesOfABatchTookAsLongAsTheBatch() {
        for (int i = 0; i < 3; i++) {
            counters.replied(exchange(), Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.CACHE, 28);
        }
        assertThat(counters.durations(Transport.UDP, AnswerPath.CACHE).counts()).containsOnly(0);

        counters.batchSent(200_000);
        counters.batchSent(1_000_000);

        Durations durations = counters.durations(Transport.UDP, AnswerPath.CACHE);
        assertThat(durations.counts()).startsWith(0, 3, 0);
        assertThat(durations.sumInSeconds()).isEqualTo(600e-6);
        assertThat(counters.durations(Transport.UDP, AnswerPath.LOCAL).counts()).containsOnly(0);
        assertThat(counters.replies(Transport.UDP, ReplyStatus.SUCCESS)).isEqualTo(3);
        assertThat(counters.sentBytes(Transport.UDP)).isEqualTo(84);
    }

    @Test
    void aReplyThatWaitedTookAsLongAsItWaited() {
        counters.replied(exchange(), Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.BACKEND, 28);

        assertThat(counters.durations(Transport.UDP, AnswerPath.BACKEND).counts())
                .startsWith(1, 0);
    }

    @Test
    void aDurationBelongsToTheFirstBoundThatItDoesNotExceed() {
        assertThat(Durations.bucketOf(0)).isZero();
        assertThat(Durations.bucketOf(100_000)).isZero();
        assertThat(Durations.bucketOf(100_001)).isEqualTo(1);
        assertThat(Durations.bucketOf(2_000_000_001L)).isEqualTo(Durations.BUCKETS - 1);
        assertThat(Durations.boundsInSeconds())
                .containsExactly(
                        0.0001,
                        0.00025,
                        0.0005,
                        0.001,
                        0.0025,
                        0.005,
                        0.01,
                        0.025,
                        0.1,
                        0.5,
                        2,
                        Double.POSITIVE_INFINITY);
    }

    @Test
    void theTimeOfAPortmapperThatIsDownIsAddedUp() {
        counters.serve(POLICY);
        EndpointKey key = new EndpointKey("legacy", "127.0.0.1:111");
        EndpointCounts endpoint = Objects.requireNonNull(counters.endpoints().get(key));

        assertThat(endpoint.isUp()).isFalse();
        counters.turned("legacy", "127.0.0.1:111", true);
        clock.pass(Duration.ofSeconds(5));
        counters.turned("legacy", "127.0.0.1:111", false);
        clock.pass(Duration.ofSeconds(7));
        assertThat(endpoint.downSeconds()).isEqualTo(7);
        counters.turned("legacy", "127.0.0.1:111", true);
        clock.pass(Duration.ofSeconds(11));

        assertThat(endpoint.isUp()).isTrue();
        assertThat(endpoint.downSeconds()).isEqualTo(7);
        assertThat(endpoint.turns(true)).isEqualTo(2);
        counters.turned("unheard of", "127.0.0.1:111", true);
        assertThat(counters.endpoints()).containsOnlyKeys(key);
    }

    @Test
    void questionsToAPortmapperAreCountedUntilAReloadTakesItAway() {
        counters.serve(POLICY);
        BackendClient.Watcher watcher = counters.watcher("legacy", "127.0.0.1:111");
        EndpointCounts endpoint =
                Objects.requireNonNull(counters.endpoints().get(new EndpointKey("legacy", "127.0.0.1:111")));

        watcher.asked();
        watcher.asked();
        watcher.ended(Transport.TCP, BackendResult.Status.TIMEOUT, 3_000_000);

        assertThat(endpoint.inFlight()).isEqualTo(1);
        assertThat(endpoint.questions(Transport.TCP, BackendResult.Status.TIMEOUT))
                .isEqualTo(1);
        assertThat(endpoint.questions(Transport.UDP, BackendResult.Status.TIMEOUT))
                .isZero();
        assertThat(endpoint.durations(Transport.TCP).counts()[5]).isEqualTo(1);

        counters.serve(Policies.load("""
                version: 1
                listeners: { lan: { bind: 192.0.2.1 } }
                backends: { other: { address: "127.0.0.1:112" } }
                rules: [{ name: all, from: any, then: allow }]
                """));
        watcher.ended(Transport.TCP, BackendResult.Status.OK, 1);
        assertThat(counters.endpoints()).containsOnlyKeys(new EndpointKey("other", "127.0.0.1:112"));
    }

    @Test
    void reloadsAreCountedAndTheLastThatWorkedIsDated() {
        counters.tookEffect();
        double start = counters.lastReload();
        clock.pass(Duration.ofSeconds(10));
        counters.reloaded(Counters.ReloadResult.INVALID);
        assertThat(counters.lastReload()).isEqualTo(start);
        assertThat(counters.isLastReloadGood()).isFalse();
        counters.reloaded(Counters.ReloadResult.OK);

        assertThat(counters.lastReload()).isEqualTo(start + 10);
        assertThat(counters.isLastReloadGood()).isTrue();
        assertThat(counters.reloads(Counters.ReloadResult.OK)).isEqualTo(1);
        assertThat(counters.reloads(Counters.ReloadResult.INVALID)).isEqualTo(1);
    }

    private void decide(Policy policy, Procedure procedure) {
        Query query = query(procedure);
        counters.decided(exchange(), query, policy.rules().decide(query), null, policy);
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

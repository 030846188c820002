package org.rpcward.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Transport;

class RuleSetTest {
    private static final Query LOOKUP =
            new Query(IpAddress.parse("10.0.0.1").orElseThrow(), Transport.UDP, 2, Procedure.GETPORT, 100_003, 3);

    private static Rule rule(String name, Verdict then, Mode mode, Clause... clauses) {
        return new Rule(name, Place.BUILTIN, List.of(clauses), then, mode, null);
    }

    private static Clause from(String prefix) {
        return new Clause.Source(
                "from",
                prefix,
                AddressSet.of(List.of(AddressPrefix.parse(prefix).orElseThrow())));
    }

    /** The tables against the clauses read one by one: which rule decides, and which trials came before it. */
    @Test
    void decidesAsItExplains() {
        RandomRules random = new RandomRules(4);
        for (int round = 0; round < 2000; round++) {
            RuleSet set = new RuleSet(random.rules(round % 10 == 0 ? 200 : 12), random.verdict());
            for (int i = 0; i < 60; i++) {
                Query query = random.query();
                Decision decision = set.decide(query);
                List<RuleSet.Step> steps = set.explain(query);
                RuleSet.Step last = steps.get(steps.size() - 1);
                List<Rule> trials = new ArrayList<>();
                for (RuleSet.Step step : steps.subList(0, steps.size() - 1)) {
                    if (step.failed() == null) {
                        trials.add(step.rule());
                    }
                }
                assertThat(decision.rule()).as("%s in %s", query, set).isSameAs(last.rule());
                assertThat(decision.verdict()).isEqualTo(last.rule().then());
                assertThat(decision.trials()).isEqualTo(trials);
                assertThat(set.isNamed(query.source()))
                        .isEqualTo(set.rules().stream()
                                .anyMatch(rule -> rule.namesItsSources()
                                        && RuleSet.sourcesOf(rule).contains(query.source())));
            }
        }
    }

    @Test
    void theFirstMatchDecides() {
        Rule first = rule("first", Verdict.HIDE, Mode.ENFORCE, from("10.0.0.0/8"));
        Rule second = rule("second", Verdict.ALLOW, Mode.ENFORCE, from("10.0.0.0/24"));
        assertThat(new RuleSet(List.of(first, second), Verdict.DROP)
                        .decide(LOOKUP)
                        .rule())
                .isSameAs(first);
        assertThat(new RuleSet(List.of(second, first), Verdict.DROP)
                        .decide(LOOKUP)
                        .rule())
                .isSameAs(second);
    }

    @Test
    void aTrialIsToldAndDecidesNothing() {
        Rule trial = rule("trial", Verdict.DROP, Mode.AUDIT, from("10.0.0.0/8"));
        Rule rule = rule("rule", Verdict.ALLOW, Mode.ENFORCE, from("10.0.0.0/8"));
        Decision decision = new RuleSet(List.of(trial, rule), Verdict.DROP).decide(LOOKUP);
        assertThat(decision.rule()).isSameAs(rule);
        assertThat(decision.trials()).containsExactly(trial);
        assertThat(new RuleSet(List.of(trial), Verdict.DROP)
                        .decide(LOOKUP)
                        .rule()
                        .name())
                .isEqualTo("default");
        assertThat(new RuleSet(List.of(trial), Verdict.DROP).isNamed(LOOKUP.source()))
                .isFalse();
    }

    @Test
    void aCallWithoutAProgramIsInNoSetOfPrograms() {
        Clause nfs = new Clause.Program("program", "nfs", ProgramSet.of(100_003), false);
        Clause notNfs = new Clause.Program("not.program", "nfs", ProgramSet.of(100_003), true);
        Query dump = new Query(LOOKUP.source(), Transport.TCP, 2, Procedure.DUMP);
        assertThat(nfs.holds(dump)).isFalse();
        assertThat(notNfs.holds(dump)).isTrue();
        assertThat(notNfs.holds(LOOKUP)).isFalse();
        assertThat(new RuleSet(List.of(rule("r", Verdict.HIDE, Mode.ENFORCE, notNfs)), Verdict.DROP)
                        .decide(dump)
                        .verdict())
                .isEqualTo(Verdict.HIDE);
    }

    /** Any program is no condition, as if the key were not there, also for calls that name none. */
    @Test
    void anyProgramHoldsForEveryCall() {
        Clause any = new Clause.Program("program", "any", ProgramSet.ALL, false);
        Clause notAny = new Clause.Program("not.program", "any", ProgramSet.ALL, true);
        Query dump = new Query(LOOKUP.source(), Transport.TCP, 2, Procedure.DUMP);
        for (Query query : List.of(dump, LOOKUP)) {
            assertThat(any.holds(query)).isTrue();
            assertThat(notAny.holds(query)).isFalse();
            Rule rule = rule("r", Verdict.HIDE, Mode.ENFORCE, any);
            assertThat(new RuleSet(List.of(rule), Verdict.DROP).decide(query).rule())
                    .isSameAs(rule);
        }
    }

    @Test
    void aRuleThatOnlyDropsNamesNobody() {
        Rule drops = rule("drops", Verdict.DROP, Mode.ENFORCE, from("10.0.0.0/8"));
        Rule hides = rule("hides", Verdict.HIDE, Mode.ENFORCE, from("10.0.0.0/24"));
        RuleSet set = new RuleSet(List.of(drops, hides), Verdict.DROP);
        assertThat(set.isNamed(LOOKUP.source())).isTrue();
        assertThat(set.isNamed(IpAddress.parse("10.0.1.0").orElseThrow())).isFalse();
    }

    /** Two hundred rules for the clients of one site, of which there are thousands of prefixes. */
    @Test
    void manyRulesOfOneLargeGroupTakeHardlyMoreMemoryThanOne() {
        List<AddressPrefix> prefixes = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            prefixes.add(new AddressPrefix(IpAddress.v4(0x0a00_0000 + 2 * i), 32));
        }
        AddressSet group = AddressSet.of(prefixes);
        long ofOne = allocatedByRulesOf(group, 1);

        assertThat(allocatedByRulesOf(group, 200)).isLessThan(3 * ofOne);
    }

    private static long allocatedByRulesOf(AddressSet group, int count) {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rules.add(rule("r" + i, Verdict.ALLOW, Mode.ENFORCE, new Clause.Source("from", "site", group)));
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        RuleSet set = new RuleSet(Builtin.around(rules, Map.of()), Verdict.DROP);
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(set.known()).isEqualTo(group);
        return bytes;
    }
}

package org.rpcward.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Transport;

/** The sets of sources that are read off the tables, against what is decided of every call. */
class SilencedSourcesTest {
    private static final Mode ENFORCE = Mode.ENFORCE;

    private static AddressSet set(String... prefixes) {
        List<AddressPrefix> parsed = new ArrayList<>();
        for (String p : prefixes) {
            parsed.add(AddressPrefix.parse(p).orElseThrow());
        }
        return AddressSet.of(parsed);
    }

    private static Rule rule(String name, Verdict then, Mode mode, AddressSet from, Clause... more) {
        List<Clause> clauses = new ArrayList<>(List.of(more));
        clauses.add(0, new Clause.Source("from", "", from));
        return new Rule(name, Place.BUILTIN, clauses, then, mode, null);
    }

    private static RuleSet rules(Verdict byDefault, Rule... own) {
        return new RuleSet(Builtin.around(List.of(own), Map.of()), byDefault);
    }

    @Test
    void isWhatIsDecidedOfEveryCall() {
        RandomRules random = new RandomRules(11);
        int silenced = 0;
        for (int round = 0; round < 1500; round++) {
            List<Rule> list = random.rules(round % 50 == 0 ? 150 : 8);
            list = random.query().protocol() == 2 ? list : Builtin.around(list, Map.of());
            // Rules that name everybody, which chance makes often, leave nothing to look at.
            list = list.stream()
                    .filter(r -> !r.namesItsSources()
                            || !RuleSet.sourcesOf(r).containsAll(set("0.0.0.0/0"))
                            || r.name().endsWith("7"))
                    .toList();
            RuleSet set = new RuleSet(list, round % 8 == 0 ? random.verdict() : Verdict.DROP);
            Set<Long> programs = programClasses(list);
            for (Transport transport : Transport.values()) {
                AddressSet found = set.silencedOver(transport);
                for (int i = 0; i < 25; i++) {
                    IpAddress source = random.address();
                    boolean expected = isSilenced(set, source, transport, programs);
                    assertThat(found.contains(source))
                            .as("%s over %s of %s", source, transport, list)
                            .isEqualTo(expected);
                    silenced += expected ? 1 : 0;
                }
            }
        }
        assertThat(silenced).isGreaterThan(5000);
    }

    private static boolean isSilenced(RuleSet set, IpAddress source, Transport transport, Set<Long> programs) {
        if (set.isNamed(source) || set.defaultRule().then() != Verdict.DROP) {
            // To a call that is not whole something is said.
            return false;
        }
        for (Procedure procedure : Procedure.values()) {
            for (int protocol = procedure.oldestProtocol(); protocol <= procedure.newestProtocol(); protocol++) {
                for (long key : programs) {
                    Decision decision = set.decide(
                            new Query(source, transport, protocol, procedure, (int) (key >>> 32), (int) key));
                    if (decision.verdict() != Verdict.DROP || !decision.trials().isEmpty()) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** One program and version of each kind that the rules tell apart. */
    private static Set<Long> programClasses(List<Rule> rules) {
        Set<Long> keys = new TreeSet<>(List.of(0L, -1L));
        for (Rule rule : rules) {
            for (Clause clause : rule.clauses()) {
                if (clause instanceof Clause.Program p) {
                    for (ProgramSet.Range r : p.programs().ranges()) {
                        keys.addAll(List.of(r.first(), r.first() - 1, r.last(), r.last() + 1));
                    }
                }
            }
        }
        return keys;
    }

    @Test
    void knownIsWhomAnAllowRuleNames() {
        RandomRules random = new RandomRules(12);
        for (int round = 0; round < 500; round++) {
            RuleSet set = new RuleSet(Builtin.around(random.rules(8), Map.of()), Verdict.DROP);
            AddressSet known = AddressSet.NONE;
            for (Rule rule : set.rules()) {
                if (rule.then() == Verdict.ALLOW && !rule.isAudit() && !rule.isBuiltin()) {
                    known = known.union(RuleSet.sourcesOf(rule));
                }
            }
            assertThat(set.known()).isEqualTo(known);
        }
    }

    @Test
    void strangersAreSilencedOverUdpAndNamedOnesAreNot() {
        RuleSet set = rules(
                Verdict.DROP,
                rule("some", Verdict.ALLOW, ENFORCE, set("10.0.0.0/8", "2001:db8::/32")),
                rule("others", Verdict.HIDE, ENFORCE, set("192.0.2.0/24")));
        AddressSet named = set("10.0.0.0/8", "2001:db8::/32", "192.0.2.0/24");
        assertThat(set.silencedOver(Transport.UDP)).isEqualTo(named.complement());
        assertThat(set.known()).isEqualTo(set("10.0.0.0/8", "2001:db8::/32"));
    }

    @Test
    void overTcpRegistrationsAreRefusedUnlessARuleDropsThemToo() {
        Rule own = rule("some", Verdict.ALLOW, ENFORCE, set("10.0.0.0/8"));
        assertThat(rules(Verdict.DROP, own).silencedOver(Transport.TCP).isEmpty())
                .isTrue();
        Rule strangers =
                rule(Builtin.STRANGERS, Verdict.DROP, ENFORCE, set("10.0.0.0/8").complement());
        RuleSet silent = new RuleSet(Builtin.around(List.of(own), Map.of(Builtin.STRANGERS, strangers)), Verdict.DROP);
        assertThat(silent.silencedOver(Transport.TCP))
                .isEqualTo(set("10.0.0.0/8").complement());
    }

    @Test
    void nobodyIsSilencedUnderAnotherDefaultOrByATrial() {
        Rule own = rule("some", Verdict.ALLOW, ENFORCE, set("10.0.0.0/8"));
        for (Verdict verdict : List.of(Verdict.ALLOW, Verdict.HIDE, Verdict.REFUSE)) {
            assertThat(rules(verdict, own).silencedOver(Transport.UDP).isEmpty())
                    .isTrue();
        }
        Rule trial = rule("trial", Verdict.DROP, Mode.AUDIT, set("192.0.2.0/24"));
        assertThat(rules(Verdict.DROP, own, trial).silencedOver(Transport.UDP))
                .isEqualTo(set("10.0.0.0/8", "192.0.2.0/24").complement());
    }

    /** Enough for the largest site: the sets are asked about once each, not once for each of their ranges. */
    @Test
    void aHundredThousandPrefixesAndAThousandRules() {
        List<Rule> own = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            List<AddressPrefix> prefixes = new ArrayList<>();
            for (int j = 0; j < 100; j++) {
                prefixes.add(new AddressPrefix(IpAddress.v4((i * 100 + j) << 12), 24));
            }
            Clause program = new Clause.Program("program", "", ProgramSet.of(200_000 + i), false);
            Mode mode = i % 2 == 0 ? ENFORCE : Mode.AUDIT;
            own.add(rule("r" + i, Verdict.ALLOW, mode, AddressSet.of(prefixes), program));
        }
        RuleSet set = rules(Verdict.DROP, own.toArray(Rule[]::new));
        AddressSet silenced = set.silencedOver(Transport.UDP);
        assertThat(silenced.v4()).hasSize(100_000);
        assertThat(set.known().v4()).hasSize(50_000);
    }
}

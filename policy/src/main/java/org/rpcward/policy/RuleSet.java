package org.rpcward.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Slot;

/*
 * The rules compiled. A call has three properties that rules ask about: who asks, what is asked (a slot), and which
 * program it is about. For each property a table knows the set of rules whose clauses on it hold, as a bit set in rule
 * order; the rules that match are the AND of the three sets, and the first of them is its lowest bit. A thousand rules
 * that do not match cost sixteen words of AND, not a thousand tests, and the tables grow with the number of ranges that
 * the policy writes, not with their combinations.
 */
/** An ordered list of rules, first match wins, with a default behind them. Immutable. */
public final class RuleSet {
    private final List<Rule> rules;
    private final Rule defaultRule;
    private final Decision defaultDecision;
    private final Decision[] decisions;
    private final int words;
    private final IntervalTable v4Sources;
    private final IntervalTable v6Sources;
    private final IntervalTable programs;
    private final long[][] slots;
    private final long[] whenNoProgram;
    private final long[] naming;
    private final AddressSet named;

    /**
     * @param rules in order, built-in ones included
     * @param byDefault what happens to a call that none of them matches
     */
    public RuleSet(List<Rule> rules, Verdict byDefault) {
        this.rules = List.copyOf(rules);
        this.defaultRule = new Rule(Rule.DEFAULT_NAME, Place.BUILTIN, List.of(), byDefault, Mode.ENFORCE, null);
        this.defaultDecision = new Decision(defaultRule);
        this.decisions = this.rules.stream().map(Decision::new).toArray(Decision[]::new);
        this.words = Math.max(1, (this.rules.size() + 63) >>> 6);
        this.slots = new long[Slot.COUNT][words];
        this.whenNoProgram = new long[words];
        this.naming = new long[words];
        IntervalTable.Builder v4 = new IntervalTable.Builder(words);
        IntervalTable.Builder v6 = new IntervalTable.Builder(words);
        IntervalTable.Builder byProgram = new IntervalTable.Builder(words);
        AddressSet namedSources = AddressSet.NONE;
        for (int i = 0; i < this.rules.size(); i++) {
            Rule rule = this.rules.get(i);
            AddressSet sources = sourcesOf(rule);
            addSources(v4, v6, i, sources);
            addSlots(i, slotsOf(rule));
            addPrograms(byProgram, i, rule);
            if (rule.namesItsSources()) {
                naming[i >>> 6] |= 1L << (i & 63);
                namedSources = namedSources.union(sources);
            }
        }
        this.v4Sources = v4.build();
        this.v6Sources = v6.build();
        this.programs = byProgram.build();
        this.named = namedSources;
    }

    /** The sources for which all conditions of a rule on the source hold. */
    public static AddressSet sourcesOf(Rule rule) {
        AddressSet sources = AddressSet.ALL;
        for (Clause clause : rule.clauses()) {
            if (clause instanceof Clause.Source s) {
                sources = sources.equals(AddressSet.ALL) ? s.sources() : sources.intersection(s.sources());
            }
        }
        return sources;
    }

    /** The slots for which all conditions of a rule on what is asked hold. */
    public static BitSet slotsOf(Rule rule) {
        BitSet slots = new BitSet(Slot.COUNT);
        slots.set(0, Slot.COUNT);
        for (Clause clause : rule.clauses()) {
            if (clause instanceof Clause.Asked a) {
                slots.and(a.slots());
            }
        }
        return slots;
    }

    private static void addSources(IntervalTable.Builder v4, IntervalTable.Builder v6, int rule, AddressSet sources) {
        if (sources.equals(AddressSet.ALL)) {
            v4.addEverywhere(rule);
            v6.addEverywhere(rule);
            return;
        }
        for (AddressSet.Range r : sources.v4()) {
            v4.add(
                    rule,
                    r.first().high(),
                    r.first().low(),
                    r.last().high(),
                    r.last().low());
        }
        for (AddressSet.Range r : sources.v6()) {
            v6.add(
                    rule,
                    r.first().high(),
                    r.first().low(),
                    r.last().high(),
                    r.last().low());
        }
    }

    private void addSlots(int rule, BitSet ruleSlots) {
        ruleSlots.stream().forEach(slot -> slots[slot][rule >>> 6] |= 1L << (rule & 63));
    }

    /** The programs for which all conditions of a rule on the program hold, for a call that names one. */
    public static ProgramSet programsOf(Rule rule) {
        ProgramSet programs = ProgramSet.ALL;
        for (Clause clause : rule.clauses()) {
            if (clause instanceof Clause.Program p) {
                programs = programs.intersection(p.negated() ? p.programs().complement() : p.programs());
            }
        }
        return programs;
    }

    /** Whether all conditions of a rule on the program hold for a call that names none. */
    public static boolean holdsWithoutProgram(Rule rule) {
        return rule.clauses().stream().allMatch(c -> !(c instanceof Clause.Program p) || p.negated());
    }

    private void addPrograms(IntervalTable.Builder builder, int rule, Rule source) {
        ProgramSet wanted = programsOf(source);
        if (holdsWithoutProgram(source)) {
            whenNoProgram[rule >>> 6] |= 1L << (rule & 63);
        }
        if (wanted.equals(ProgramSet.ALL)) {
            builder.addEverywhere(rule);
            return;
        }
        for (ProgramSet.Range r : wanted.ranges()) {
            builder.add(rule, 0, r.first(), 0, r.last());
        }
    }

    /** Decides one call. Takes no lock and, unless a rule in audit mode matches, allocates nothing. */
    public Decision decide(Query query) {
        long[] bySource = sourceSet(query.source());
        long[] bySlot = slots[query.slot()];
        long[] byProgram =
                query.namesProgram() ? programs.at(0, ProgramSet.key(query.program(), query.version())) : whenNoProgram;
        List<Rule> trials = List.of();
        for (int word = 0; word < words; word++) {
            long matching = bySource[word] & bySlot[word] & byProgram[word];
            while (matching != 0) {
                int i = (word << 6) + Long.numberOfTrailingZeros(matching);
                Rule rule = rules.get(i);
                if (!rule.isAudit()) {
                    return trials.isEmpty() ? decisions[i] : new Decision(rule.then(), rule, trials);
                }
                trials = trials.isEmpty() ? new ArrayList<>(1) : trials;
                trials.add(rule);
                matching &= matching - 1;
            }
        }
        return trials.isEmpty() ? defaultDecision : new Decision(defaultRule.then(), defaultRule, trials);
    }

    /** Whether a rule that does more than drop, not a built-in one, names this source. */
    public boolean isNamed(IpAddress source) {
        long[] bySource = sourceSet(source);
        for (int word = 0; word < words; word++) {
            if ((bySource[word] & naming[word]) != 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * A thing that is the same, by identity, for sources that the same rules name: to them everything is decided alike.
     */
    public Object sourceClass(IpAddress source) {
        return sourceSet(source);
    }

    private long[] sourceSet(IpAddress source) {
        return (source.isV4() ? v4Sources : v6Sources).at(source.high(), source.low());
    }

    /** All sources for which {@link #isNamed} holds. */
    public AddressSet named() {
        return named;
    }

    /** In order, built-in ones included. */
    public List<Rule> rules() {
        return rules;
    }

    /** The rule that stands for "none matched". */
    public Rule defaultRule() {
        return defaultRule;
    }

    /**
     * One rule as it was tried.
     *
     * @param failed the first clause that did not hold; null when the rule matched
     */
    public record Step(Rule rule, @Nullable Clause failed) {}

    /**
     * The rules in the order in which they are tried, up to the one that decides, which is the last step; the default
     * stands there when none matched. Reads the clauses one by one, not the compiled tables, so that the two can be
     * held against each other.
     */
    public List<Step> explain(Query query) {
        List<Step> steps = new ArrayList<>();
        for (Rule rule : rules) {
            Clause failed = rule.firstFailing(query);
            steps.add(new Step(rule, failed));
            if (failed == null && !rule.isAudit()) {
                return steps;
            }
        }
        steps.add(new Step(defaultRule, null));
        return steps;
    }

    @Override
    public String toString() {
        return "RuleSet" + Arrays.toString(rules.stream().map(Rule::name).toArray()) + " default=" + defaultRule.then();
    }
}

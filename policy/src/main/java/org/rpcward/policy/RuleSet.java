package org.rpcward.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;

/*
 * The rules compiled. A call has three properties that rules ask about: who asks, what is asked (a slot), and which
 * program it is about. For each property a table knows the set of rules whose clauses on it hold, as a bit set in rule
 * order; the rules that match are the AND of the three sets, and the first of them is its lowest bit. A thousand rules
 * that do not match cost sixteen words of AND, not a thousand tests. The tables grow with the number of ranges that the
 * policy writes: neither with their combinations, nor with how many rules name the same group.
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
        Map<AddressSet, BitSet> bySources = new LinkedHashMap<>();
        Map<ProgramSet, BitSet> byPrograms = new LinkedHashMap<>();
        for (int i = 0; i < this.rules.size(); i++) {
            Rule rule = this.rules.get(i);
            bySources.computeIfAbsent(sourcesOf(rule), s -> new BitSet()).set(i);
            byPrograms.computeIfAbsent(programsOf(rule), p -> new BitSet()).set(i);
            addSlots(i, slotsOf(rule));
            if (holdsWithoutProgram(rule)) {
                whenNoProgram[i >>> 6] |= 1L << (i & 63);
            }
            if (rule.namesItsSources()) {
                naming[i >>> 6] |= 1L << (i & 63);
            }
        }
        bySources.forEach((sources, these) -> addSources(v4, v6, these, sources));
        byPrograms.forEach((wanted, these) -> addPrograms(byProgram, these, wanted));
        this.v4Sources = v4.build();
        this.v6Sources = v6.build();
        this.programs = byProgram.build();
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

    private static void addSources(
            IntervalTable.Builder v4, IntervalTable.Builder v6, BitSet these, AddressSet sources) {
        if (sources.equals(AddressSet.ALL)) {
            v4.addEverywhere(these);
            v6.addEverywhere(these);
            return;
        }
        for (AddressSet.Range r : sources.v4()) {
            v4.add(
                    these,
                    r.first().high(),
                    r.first().low(),
                    r.last().high(),
                    r.last().low());
        }
        for (AddressSet.Range r : sources.v6()) {
            v6.add(
                    these,
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
                ProgramSet those = p.negated() ? p.programs().complement() : p.programs();
                programs = programs.equals(ProgramSet.ALL) ? those : programs.intersection(those);
            }
        }
        return programs;
    }

    /** Whether all conditions of a rule on the program hold for a call that names none. */
    public static boolean holdsWithoutProgram(Rule rule) {
        return rule.clauses().stream().allMatch(c -> !(c instanceof Clause.Program p) || p.holdsWithoutProgram());
    }

    private static void addPrograms(IntervalTable.Builder builder, BitSet these, ProgramSet wanted) {
        if (wanted.equals(ProgramSet.ALL)) {
            builder.addEverywhere(these);
            return;
        }
        for (ProgramSet.Range r : wanted.ranges()) {
            builder.add(these, 0, r.first(), 0, r.last());
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
        return meet(sourceSet(source), naming);
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

    /** All sources that an allow rule names, neither a built-in one nor one in audit mode. */
    public AddressSet known() {
        long[] allowing = bits(r -> r.namesItsSources() && r.then() == Verdict.ALLOW);
        return sourcesWhere(set -> meet(set, allowing));
    }

    /**
     * All sources that can bring about nothing but silence over this transport, and nothing that would be told but
     * that: each of their calls falls to a rule that drops it, or to a default that does, with no rule in audit mode
     * before; calls that are not whole fall to that default too. A source is in it if and only if this holds for all
     * of its calls.
     */
    public AddressSet silencedOver(Transport transport) {
        if (defaultRule.then() != Verdict.DROP) {
            return AddressSet.NONE;
        }
        long[] heard = bits(r -> r.then() != Verdict.DROP || r.isAudit());
        Collection<long[]> programSets = programs.distinctSets();
        return sourcesWhere(set -> !meet(set, naming) && isSilenced(set, transport, heard, programSets));
    }

    private boolean isSilenced(long[] set, Transport transport, long[] heard, Collection<long[]> programSets) {
        if (!meet(set, heard)) {
            return true;
        }
        long[] candidates = new long[words];
        for (Procedure procedure : Procedure.values()) {
            for (int protocol = procedure.oldestProtocol(); protocol <= procedure.newestProtocol(); protocol++) {
                long[] bySlot = slots[Slot.of(procedure, protocol, transport)];
                for (int word = 0; word < words; word++) {
                    candidates[word] = set[word] & bySlot[word];
                }
                if (!meet(candidates, heard)) {
                    continue;
                }
                Collection<long[]> byProgram =
                        procedure.callClass().namesProgram() ? programSets : Collections.singleton(whenNoProgram);
                for (long[] program : byProgram) {
                    if (firstIsIn(candidates, program, heard)) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** Whether the first rule that is in both sets is in the third too. */
    private static boolean firstIsIn(long[] set, long[] other, long[] third) {
        for (int word = 0; word < set.length; word++) {
            long both = set[word] & other[word];
            if (both != 0) {
                return (Long.lowestOneBit(both) & third[word]) != 0;
            }
        }
        return false;
    }

    private static boolean meet(long[] set, long[] other) {
        for (int word = 0; word < set.length; word++) {
            if ((set[word] & other[word]) != 0) {
                return true;
            }
        }
        return false;
    }

    private long[] bits(Predicate<Rule> wanted) {
        long[] bits = new long[words];
        for (int i = 0; i < rules.size(); i++) {
            if (wanted.test(rules.get(i))) {
                bits[i >>> 6] |= 1L << (i & 63);
            }
        }
        return bits;
    }

    /** The sources whose set of rules is like this. Each set is asked about once. */
    private AddressSet sourcesWhere(Predicate<long[]> wanted) {
        IdentityHashMap<long[], Boolean> asked = new IdentityHashMap<>();
        Predicate<long[]> once = set -> asked.computeIfAbsent(set, wanted::test);
        return AddressSet.of(
                rangesWhere(v4Sources, IpAddress.v4(0), IpAddress.v4(-1), once),
                rangesWhere(v6Sources, new IpAddress(0, 0), new IpAddress(-1, -1), once));
    }

    private static List<AddressSet.Range> rangesWhere(
            IntervalTable table, IpAddress worldFirst, IpAddress worldLast, Predicate<long[]> wanted) {
        List<AddressSet.Range> ranges = new ArrayList<>();
        table.forEach((firstHigh, firstLow, lastHigh, lastLow, set) -> {
            IpAddress first = new IpAddress(firstHigh, firstLow);
            IpAddress last = new IpAddress(lastHigh, lastLow);
            first = first.compareTo(worldFirst) < 0 ? worldFirst : first;
            last = last.compareTo(worldLast) > 0 ? worldLast : last;
            if (first.compareTo(last) <= 0 && wanted.test(set)) {
                ranges.add(new AddressSet.Range(first, last));
            }
        });
        return ranges;
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

package org.rpcward.proxy.observe;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;

/*
 * All counts are cells of one Tally whose places are known before a call comes: enums by their ordinals, and what the
 * policy names by the number that Slots gave it.
 *
 * A reload keeps the numbers of what stays. The calls of a listener that is gone are added to a cell for gone
 * listeners, so that sums over all listeners never fall.
 */
/** Counts what calls asked, and what was decided of them. Thread-safe, without contention between event loops. */
@SuppressWarnings("EnumOrdinal") // places of this run, which nothing outside of it knows
public final class CallCounts {
    /** The name in metrics for what has no counters of its own, beyond {@link #MAX_RULES} or {@link #MAX_LISTENERS}. */
    public static final String OVERFLOW = "overflow";

    /** Rules with counters of their own, built-in ones and the default among them. */
    public static final int MAX_RULES = 256;

    /** Listeners with counters of their own. */
    public static final int MAX_LISTENERS = 16;

    private static final int TRANSPORTS = Transport.values().length;
    private static final int VERDICTS = Verdict.values().length;
    private static final int MODES = Mode.values().length;
    private static final int FAULTS = Fault.values().length;
    private static final int KINDS = Hindrance.Kind.values().length;

    // What was asked: protocol and procedure, or none that is known.
    private static final int PROCEDURE_NUMBERS = 16;
    private static final int OTHER = (Procedure.HIGHEST_PROTOCOL - Procedure.LOWEST_PROTOCOL + 1) * PROCEDURE_NUMBERS;
    private static final int QUESTIONS = OTHER + 1;

    // Places in the tally: one block after the other.
    private static final int CALLS_OF_LISTENER = TRANSPORTS * QUESTIONS * VERDICTS;
    private static final int GONE_LISTENERS = MAX_LISTENERS + 1;
    private static final int CALLS = 0;
    private static final int RULES = CALLS + (GONE_LISTENERS + 1) * CALLS_OF_LISTENER;
    private static final int HINDERED = RULES + MAX_RULES + VERDICTS * MODES;
    private static final int MALFORMED = HINDERED + KINDS * MODES;
    private static final int RECEIVED = MALFORMED + TRANSPORTS * FAULTS;
    private static final int CELLS = RECEIVED + TRANSPORTS;

    private final Tally tally = new Tally(CELLS);
    private final Slots<String> listenerSlots = new Slots<>(MAX_LISTENERS, this::forgetListener);
    private final Slots<RuleKey> ruleSlots = new Slots<>(MAX_RULES, slot -> tally.forget(RULES + slot));

    private volatile @Nullable Places places;

    /** Where the calls under one policy are counted. Immutable. */
    private record Places(
            Policy policy,
            Map<String, Integer> listeners,
            Map<RuleKey, Integer> rules,
            IdentityHashMap<Rule, Integer> byRule) {}

    CallCounts() {}

    /** From now on calls are counted under this policy. */
    void serve(Policy policy) {
        take(policy);
    }

    private synchronized Places take(Policy policy) {
        List<Rule> rules = new ArrayList<>();
        rules.add(policy.rules().defaultRule());
        policy.rules().rules().stream().filter(Rule::isBuiltin).forEach(rules::add);
        policy.rules().rules().stream().filter(r -> !r.isBuiltin()).forEach(rules::add);
        List<RuleKey> keys = rules.stream().map(r -> RuleKey.of(r, policy)).toList();
        Map<RuleKey, Integer> slots = new LinkedHashMap<>(ruleSlots.keep(new LinkedHashSet<>(keys)));
        IdentityHashMap<Rule, Integer> byRule = new IdentityHashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            RuleKey key = keys.get(i);
            int slot = slots.getOrDefault(key, overflowOf(key));
            byRule.put(rules.get(i), slot);
            if (slot >= ruleSlots.overflow()) {
                slots.put(new RuleKey(OVERFLOW, key.verdict(), key.mode()), slot);
                slots.remove(key);
            }
        }
        Places next = new Places(
                policy, withOverflow(listenerSlots, policy.listeners().keySet()), slots, byRule);
        places = next;
        return next;
    }

    private int overflowOf(RuleKey key) {
        return ruleSlots.overflow()
                + key.verdict().ordinal() * MODES
                + key.mode().ordinal();
    }

    private static Map<String, Integer> withOverflow(Slots<String> slots, Set<String> names) {
        Map<String, Integer> kept = new LinkedHashMap<>(slots.keep(names));
        if (kept.size() < names.size()) {
            kept.put(OVERFLOW, slots.overflow());
        }
        return kept;
    }

    private void forgetListener(int slot) {
        for (int i = 0; i < CALLS_OF_LISTENER; i++) {
            tally.move(CALLS + slot * CALLS_OF_LISTENER + i, CALLS + GONE_LISTENERS * CALLS_OF_LISTENER + i);
        }
    }

    /** Where to count now: under the policy that serves, and at the very start under this one. */
    private Places placesOf(Policy policy) {
        Places now = places;
        return now != null ? now : take(policy);
    }

    private static int question(int protocol, Procedure procedure) {
        return (protocol - Procedure.LOWEST_PROTOCOL) * PROCEDURE_NUMBERS + procedure.number();
    }

    private static int callCell(int listener, Transport transport, int question, Verdict verdict) {
        return CALLS
                + ((listener * TRANSPORTS + transport.ordinal()) * QUESTIONS + question) * VERDICTS
                + verdict.ordinal();
    }

    private static int hinderedCell(Hindrance.Kind kind, Mode mode) {
        return HINDERED + kind.ordinal() * MODES + mode.ordinal();
    }

    private static int malformedCell(Transport transport, Fault fault) {
        return MALFORMED + transport.ordinal() * FAULTS + fault.ordinal();
    }

    private static void call(long[] row, Exchange exchange, Places now, int question, Verdict verdict) {
        Integer slot = now.listeners().get(exchange.listener());
        int listener = slot != null ? slot : MAX_LISTENERS;
        Transport transport = exchange.transport();
        Tally.add(row, callCell(listener, transport, question, verdict), 1);
        Tally.add(row, RECEIVED + transport.ordinal(), exchange.callBytes());
    }

    private static void hit(long[] row, Places now, Rule rule) {
        Integer slot = now.byRule().get(rule);
        if (slot == null) {
            // Of the policy before: counted, if the rule is still there.
            slot = now.rules().get(RuleKey.of(rule, now.policy()));
        }
        if (slot != null) {
            Tally.add(row, RULES + slot, 1);
        }
    }

    void turnedAway(Exchange exchange, Hindrance hindrance, Policy policy) {
        Places now = placesOf(policy);
        long[] row = tally.mine();
        call(row, exchange, now, OTHER, hindrance.then());
        Tally.add(row, hinderedCell(hindrance.kind(), Mode.ENFORCE), 1);
    }

    void wouldHinder(Hindrance hindrance) {
        tally.add(hinderedCell(hindrance.kind(), Mode.AUDIT), 1);
    }

    void decided(Exchange exchange, Query query, Decision decision, @Nullable Hindrance hindrance, Policy policy) {
        Places now = placesOf(policy);
        long[] row = tally.mine();
        Verdict verdict = hindrance != null ? hindrance.then() : done(query, decision, policy);
        call(row, exchange, now, question(query.protocol(), query.procedure()), verdict);
        hit(row, now, decision.rule());
        List<Rule> trials = decision.trials();
        // By number: an iterator would be made for each call.
        for (int i = 0; i < trials.size(); i++) {
            hit(row, now, trials.get(i));
        }
        if (hindrance != null) {
            Tally.add(row, hinderedCell(hindrance.kind(), Mode.ENFORCE), 1);
        }
    }

    /** What is really done: in audit mode, nobody is hindered in anything that a policy can allow. */
    private static Verdict done(Query query, Decision decision, Policy policy) {
        return policy.mode() == Mode.AUDIT && query.procedure().callClass().allowable()
                ? Verdict.ALLOW
                : decision.verdict();
    }

    void malformed(Exchange exchange, Fault fault, Verdict verdict, @Nullable Hindrance hindrance, Policy policy) {
        Places now = placesOf(policy);
        long[] row = tally.mine();
        Rule byDefault = policy.rules().defaultRule();
        // As with whole calls: in audit mode whoever can be told what is wrong is told.
        boolean spared = hindrance == null && policy.mode() == Mode.AUDIT && fault.answer() != Fault.Answer.NONE;
        call(row, exchange, now, OTHER, spared ? Verdict.ALLOW : verdict);
        Tally.add(row, malformedCell(exchange.transport(), fault), 1);
        if (verdict == byDefault.then()) {
            hit(row, now, byDefault);
        }
        if (hindrance != null) {
            Tally.add(row, hinderedCell(hindrance.kind(), Mode.ENFORCE), 1);
        }
    }

    /** The listeners that calls are counted by, in order. */
    public List<String> listeners() {
        Places now = places;
        return now == null ? List.of() : List.copyOf(now.listeners().keySet());
    }

    /**
     * Calls that came by a listener.
     *
     * @param procedure null for calls that were not decoded, or were none for a portmapper
     */
    public long of(String listener, Transport transport, @Nullable Procedure procedure) {
        Places now = places;
        Integer slot = now == null ? null : now.listeners().get(listener);
        long sum = 0;
        if (slot != null) {
            for (Verdict verdict : Verdict.values()) {
                sum += of(slot, transport, procedure, verdict);
            }
        }
        return sum;
    }

    /** What was done with calls of a procedure; null for those that were not decoded, or were none for a portmapper. */
    public long verdicts(Verdict verdict, @Nullable Procedure procedure, Transport transport) {
        long sum = 0;
        for (int listener = 0; listener <= GONE_LISTENERS; listener++) {
            sum += of(listener, transport, procedure, verdict);
        }
        return sum;
    }

    /** What was done with calls, whatever they asked. */
    long verdicts(Verdict verdict) {
        long sum = 0;
        for (Transport transport : Transport.values()) {
            sum += verdicts(verdict, null, transport);
            for (Procedure procedure : Procedure.values()) {
                sum += verdicts(verdict, procedure, transport);
            }
        }
        return sum;
    }

    private long of(int listener, Transport transport, @Nullable Procedure procedure, Verdict verdict) {
        if (procedure == null) {
            return tally.sum(callCell(listener, transport, OTHER, verdict));
        }
        long sum = 0;
        for (int protocol = procedure.oldestProtocol(); protocol <= procedure.newestProtocol(); protocol++) {
            sum += tally.sum(callCell(listener, transport, question(protocol, procedure), verdict));
        }
        return sum;
    }

    /** Calls of a procedure, given as {@code protocol << 8 | number}. */
    long of(int protocolAndProcedure) {
        Procedure procedure = Procedure.of(protocolAndProcedure >>> 8, protocolAndProcedure & 0xff);
        if (procedure == null) {
            return 0;
        }
        int question = question(protocolAndProcedure >>> 8, procedure);
        long sum = 0;
        for (int listener = 0; listener <= GONE_LISTENERS; listener++) {
            for (Transport transport : Transport.values()) {
                for (Verdict verdict : Verdict.values()) {
                    sum += tally.sum(callCell(listener, transport, question, verdict));
                }
            }
        }
        return sum;
    }

    /** How many calls each rule of the policy decided, or would have. */
    public Map<RuleKey, Long> ruleHits() {
        Places now = places;
        Map<RuleKey, Long> hits = new TreeMap<>();
        if (now != null) {
            now.rules().forEach((key, slot) -> hits.put(key, tally.sum(RULES + slot)));
        }
        return hits;
    }

    public long hindered(Hindrance.Kind kind, Mode mode) {
        return tally.sum(hinderedCell(kind, mode));
    }

    public long malformed(Transport transport, Fault fault) {
        return tally.sum(malformedCell(transport, fault));
    }

    public long receivedBytes(Transport transport) {
        return tally.sum(RECEIVED + transport.ordinal());
    }
}

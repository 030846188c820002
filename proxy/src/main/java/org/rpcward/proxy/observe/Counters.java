package org.rpcward.proxy.observe;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendClient;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.registry.CacheObserver;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.CallObserver;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;
import org.rpcward.proxy.service.Outcome;

/*
 * What is counted for each call stands in one Tally, at places that are known before a call comes: enums by their
 * ordinals, what the policy names by the number that Slots gave it. What happens seldom is a LongAdder.
 *
 * A reload keeps the numbers of what stays. The calls of a listener that goes are kept as those of nobody in particular,
 * so that sums over all listeners never fall.
 */
/**
 * Counts what happens. All label sets are closed: nothing that comes from the wire makes a new counter. Thread-safe; an
 * event loop that counts meets no other.
 */
@SuppressWarnings("EnumOrdinal") // places of this run, which nothing outside of it knows
public final class Counters implements CacheObserver {
    /** In metrics, the name of what has none of its own: beyond the first so many rules, or the first so many listeners. */
    public static final String OVERFLOW = "overflow";

    /** Rules with counters of their own, built-in ones and the default among them. */
    public static final int MAX_RULES = 256;

    /** Listeners with counters of their own. */
    public static final int MAX_LISTENERS = 16;

    private static final AnswerPath[] PATH_VALUES = AnswerPath.values();
    private static final int TRANSPORTS = Transport.values().length;
    private static final int VERDICTS = Verdict.values().length;
    private static final int MODES = Mode.values().length;
    private static final int FAULTS = Fault.values().length;
    private static final int STATUSES = ReplyStatus.values().length;
    private static final int PATHS = AnswerPath.values().length;
    private static final int PROCEDURES = Procedure.values().length;
    private static final int CACHE_KINDS = CacheObserver.Cache.values().length;
    private static final int CACHE_RESULTS = CacheObserver.Result.values().length;
    private static final int KINDS = Hindrance.Kind.values().length;

    // What was asked: protocol and procedure, or none that is known.
    private static final int PROCEDURE_NUMBERS = 16;
    private static final int OTHER = (Procedure.HIGHEST_PROTOCOL - Procedure.LOWEST_PROTOCOL + 1) * PROCEDURE_NUMBERS;
    private static final int QUESTIONS = OTHER + 1;

    // Places in the tally: one block behind the other.
    private static final int CALLS_OF_LISTENER = TRANSPORTS * QUESTIONS * VERDICTS;
    private static final int GONE_LISTENERS = MAX_LISTENERS + 1;
    private static final int CALLS = 0;
    private static final int RULES = CALLS + (GONE_LISTENERS + 1) * CALLS_OF_LISTENER;
    private static final int HINDERED = RULES + MAX_RULES + VERDICTS * MODES;
    private static final int MALFORMED = HINDERED + KINDS * MODES;
    private static final int OUTCOMES = MALFORMED + TRANSPORTS * FAULTS;
    private static final int REPLIES = OUTCOMES + Outcome.values().length;
    private static final int RECEIVED = REPLIES + TRANSPORTS * STATUSES;
    private static final int SENT = RECEIVED + TRANSPORTS;
    private static final int DURATIONS = SENT + TRANSPORTS;
    private static final int DURATION_SUMS = DURATIONS + TRANSPORTS * PATHS * Durations.BUCKETS;
    private static final int CACHES = DURATION_SUMS + TRANSPORTS * PATHS;
    private static final int OVER_BUDGET = CACHES + CACHE_KINDS * CACHE_RESULTS;
    private static final int REPEATED = OVER_BUDGET + PROCEDURES + 1;
    private static final int UNLOGGED = REPEATED + 1;

    /** Of each thread: how many replies of the batch at hand were made by each path. Zero between batches. */
    private static final int BATCH = UNLOGGED + 1;

    private static final int CELLS = BATCH + PATHS;

    private final Tally tally = new Tally(CELLS);
    private final Slots<String> listenerSlots = new Slots<>(MAX_LISTENERS, this::forgetListener);
    private final Slots<RuleKey> ruleSlots = new Slots<>(MAX_RULES, slot -> tally.forget(RULES + slot));
    private final Map<BackendResult.Status, LongAdder> backend = adders(BackendResult.Status.class);
    private final Map<RegistryChange.Kind, LongAdder> registryChanges = adders(RegistryChange.Kind.class);
    private final Map<ReloadResult, LongAdder> reloads = adders(ReloadResult.class);
    private final Map<EndpointKey, EndpointCounts> endpoints = new ConcurrentHashMap<>();
    private final Map<String, ViewCounts> views = new ConcurrentHashMap<>();
    private final LongSupplier nanoClock;
    private final InstantSource clock;
    private final LongAdder deviations = new LongAdder();
    private final LongAdder unsent = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder unavailable = new LongAdder();

    private volatile double lastReload;
    private volatile boolean lastReloadWorked = true;

    private volatile @Nullable Places places;

    /**
     * What the calls of a rule are counted under.
     *
     * @param name the rule's
     * @param mode {@link Mode#AUDIT} when the rule or the whole policy is on trial
     */
    public record RuleKey(String name, Verdict verdict, Mode mode) implements Comparable<RuleKey> {
        static RuleKey of(Rule rule, Policy policy) {
            return new RuleKey(rule.name(), rule.then(), rule.isAudit() ? Mode.AUDIT : policy.mode());
        }

        @Override
        public int compareTo(RuleKey other) {
            int byName = name.compareTo(other.name);
            int byVerdict = verdict.compareTo(other.verdict);
            return byName != 0 ? byName : byVerdict != 0 ? byVerdict : mode.compareTo(other.mode);
        }
    }

    /** Where the calls under one policy are counted. Immutable. */
    private record Places(
            Policy policy,
            Map<String, Integer> listeners,
            Map<RuleKey, Integer> rules,
            IdentityHashMap<Rule, Integer> byRule) {}

    /** How a reload can end. */
    public enum ReloadResult {
        OK,
        /** The policy has a mistake, or cannot be read. */
        INVALID,
        /** The host does not let it: an address that cannot be bound, for instance. */
        FAILED;

        private final String word = name().toLowerCase(Locale.ROOT);

        /** The word for it in log and metrics. */
        public String word() {
            return word;
        }
    }

    /** A portmapper of a backend. */
    public record EndpointKey(String backend, String endpoint) implements Comparable<EndpointKey> {
        @Override
        public int compareTo(EndpointKey other) {
            int byBackend = backend.compareTo(other.backend);
            return byBackend != 0 ? byBackend : endpoint.compareTo(other.endpoint);
        }
    }

    /** Listings that showed less than all, and how many rows they left out. */
    private record ViewCounts(LongAdder listings, LongAdder rows) {
        ViewCounts() {
            this(new LongAdder(), new LongAdder());
        }
    }

    /**
     * @param nanoClock for durations
     * @param clock for points in time
     */
    public Counters(LongSupplier nanoClock, InstantSource clock) {
        this.nanoClock = nanoClock;
        this.clock = clock;
    }

    private static <E extends Enum<E>> Map<E, LongAdder> adders(Class<E> keys) {
        Map<E, LongAdder> adders = new EnumMap<>(keys);
        for (E key : keys.getEnumConstants()) {
            adders.put(key, new LongAdder());
        }
        return adders;
    }

    private static <E> void add(Map<E, LongAdder> adders, E key) {
        LongAdder adder = adders.get(key);
        if (adder != null) {
            adder.increment();
        }
    }

    /**
     * From now on calls are counted under this policy. What it names as the one before did goes on; what it does not name
     * any more is forgotten.
     */
    public void serve(Policy policy) {
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
        keepEndpoints(policy);
        keepViews(policy);
        places = next;
        return next;
    }

    private void keepEndpoints(Policy policy) {
        Set<EndpointKey> wanted = new LinkedHashSet<>();
        for (BackendPolicy backend : policy.backends().values()) {
            backend.endpoints().forEach(e -> wanted.add(new EndpointKey(backend.name(), e.toString())));
        }
        endpoints.keySet().retainAll(wanted);
        wanted.forEach(key -> endpoints.computeIfAbsent(key, k -> new EndpointCounts(nanoClock)));
    }

    private void keepViews(Policy policy) {
        Set<String> wanted = new LinkedHashSet<>(CallObserver.NO_VIEWS);
        wanted.addAll(policy.views().keySet());
        views.keySet().retainAll(wanted);
        wanted.forEach(view -> views.computeIfAbsent(view, v -> new ViewCounts()));
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

    /** Where calls under a policy are counted, in most cases the current one. */
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

    private static int durationOf(Transport transport, AnswerPath path) {
        return transport.ordinal() * PATHS + path.ordinal();
    }

    private static void took(long[] row, Transport transport, AnswerPath path, long nanos, long count) {
        int which = durationOf(transport, path);
        Tally.add(row, DURATIONS + which * Durations.BUCKETS + Durations.bucketOf(nanos), count);
        Tally.add(row, DURATION_SUMS + which, count * nanos);
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
        for (Rule trial : decision.trials()) {
            hit(row, now, trial);
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
        call(row, exchange, now, OTHER, verdict);
        Tally.add(row, malformedCell(exchange.transport(), fault), 1);
        if (verdict == byDefault.then()) {
            hit(row, now, byDefault);
        }
        if (hindrance != null) {
            Tally.add(row, hinderedCell(hindrance.kind(), Mode.ENFORCE), 1);
        }
    }

    /**
     * Replies that are ready while a batch of datagrams is read leave with the batch, so that how long they took is known
     * at its end, and one look at the clock is enough for all.
     */
    void replied(Exchange exchange, Outcome outcome, ReplyStatus status, AnswerPath path, long bytes) {
        long[] row = tally.mine();
        Transport transport = exchange.transport();
        Tally.add(row, OUTCOMES + outcome.ordinal(), 1);
        Tally.add(row, REPLIES + transport.ordinal() * STATUSES + status.ordinal(), 1);
        Tally.add(row, SENT + transport.ordinal(), bytes);
        if (transport == Transport.UDP && path != AnswerPath.BACKEND) {
            Tally.add(row, BATCH + path.ordinal(), 1);
        } else {
            took(row, transport, path, exchange.nanosSinceArrival(), 1);
        }
    }

    void batchSent(long nanos) {
        long[] row = tally.mine();
        for (AnswerPath path : PATH_VALUES) {
            long count = Tally.get(row, BATCH + path.ordinal());
            if (count > 0) {
                took(row, Transport.UDP, path, nanos, count);
                Tally.add(row, BATCH + path.ordinal(), -count);
            }
        }
    }

    void listed(String view, int hidden) {
        ViewCounts counts = views.get(view);
        if (counts != null && hidden > 0) {
            counts.listings().increment();
            counts.rows().add(hidden);
        }
    }

    @Override
    public void asked(Cache cache, Result result) {
        tally.add(cacheCell(cache, result), 1);
    }

    private static int cacheCell(Cache cache, Result result) {
        return CACHES + cache.ordinal() * CACHE_RESULTS + result.ordinal();
    }

    /** Counts the questions to a portmapper. */
    public BackendClient.Watcher watcher(String backend, String endpoint) {
        EndpointKey key = new EndpointKey(backend, endpoint);
        return new BackendClient.Watcher() {
            @Override
            public void asked() {
                EndpointCounts counts = endpoints.get(key);
                if (counts != null) {
                    counts.asked();
                }
            }

            @Override
            public void ended(Transport transport, BackendResult.Status status, long nanos) {
                EndpointCounts counts = endpoints.get(key);
                if (counts != null) {
                    counts.ended(transport, status, nanos);
                }
            }
        };
    }

    void turned(String backend, String endpoint, boolean up) {
        EndpointCounts counts = endpoints.get(new EndpointKey(backend, endpoint));
        if (counts != null) {
            counts.turned(up);
        }
    }

    /** A reload has ended; the start counts as one that did well, without being counted. */
    public void reloaded(ReloadResult result) {
        add(reloads, result);
        lastReloadWorked = result == ReloadResult.OK;
        if (result == ReloadResult.OK) {
            tookEffect();
        }
    }

    /** A policy has begun to serve. */
    public void tookEffect() {
        lastReload = clock.millis() / 1e3;
    }

    void backend(BackendResult.Status status) {
        add(backend, status);
    }

    void registryChanged(RegistryChange.Kind kind) {
        add(registryChanges, kind);
    }

    void deviated() {
        deviations.increment();
    }

    void unsent(int replies) {
        unsent.add(replies);
    }

    void failed() {
        failures.increment();
    }

    void overBudget(@Nullable Procedure procedure) {
        tally.add(overBudgetCell(procedure), 1);
    }

    private static int overBudgetCell(@Nullable Procedure procedure) {
        return OVER_BUDGET + (procedure == null ? PROCEDURES : procedure.ordinal());
    }

    /** A denial was not told, because its like was a moment ago. */
    void repeated() {
        tally.add(REPEATED, 1);
    }

    void unavailable() {
        unavailable.increment();
    }

    /** A denial was not told, because too many were. */
    void unlogged() {
        tally.add(UNLOGGED, 1);
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
    public long calls(String listener, Transport transport, @Nullable Procedure procedure) {
        Places now = places;
        Integer slot = now == null ? null : now.listeners().get(listener);
        long sum = 0;
        if (slot != null) {
            for (Verdict verdict : Verdict.values()) {
                sum += calls(slot, transport, procedure, verdict);
            }
        }
        return sum;
    }

    /** What was done with calls of a procedure; null for those that were not decoded, or were none for a portmapper. */
    public long verdicts(Verdict verdict, @Nullable Procedure procedure, Transport transport) {
        long sum = 0;
        for (int listener = 0; listener <= GONE_LISTENERS; listener++) {
            sum += calls(listener, transport, procedure, verdict);
        }
        return sum;
    }

    private long calls(int listener, Transport transport, @Nullable Procedure procedure, Verdict verdict) {
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
    long calls(int protocolAndProcedure) {
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

    public long sentBytes(Transport transport) {
        return tally.sum(SENT + transport.ordinal());
    }

    public long replies(Transport transport, ReplyStatus status) {
        return tally.sum(REPLIES + transport.ordinal() * STATUSES + status.ordinal());
    }

    /** From the arrival of calls to the replies. */
    public Durations durations(Transport transport, AnswerPath path) {
        int which = durationOf(transport, path);
        long[] counts = new long[Durations.BUCKETS];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = tally.sum(DURATIONS + which * Durations.BUCKETS + i);
        }
        return new Durations(counts, tally.sum(DURATION_SUMS + which));
    }

    public long cache(Cache cache, Result result) {
        return tally.sum(cacheCell(cache, result));
    }

    /** Replies that were larger than their calls allow; null for calls without a procedure. */
    public long suppressed(@Nullable Procedure procedure) {
        return tally.sum(overBudgetCell(procedure));
    }

    /** Denials that were not told because their like was a moment before. */
    public long notToldAgain() {
        return tally.sum(REPEATED);
    }

    /** Denials that were not told because there were too many. */
    public long notTold() {
        return tally.sum(UNLOGGED);
    }

    /** What is counted of each portmapper of the policy. */
    public Map<EndpointKey, EndpointCounts> endpoints() {
        return new TreeMap<>(endpoints);
    }

    /** By view, the listings that showed less than all. */
    public Map<String, Long> redactedListings() {
        Map<String, Long> listings = new TreeMap<>();
        views.forEach((view, counts) -> listings.put(view, counts.listings().sum()));
        return listings;
    }

    /** By view, the rows that listings left out. */
    public Map<String, Long> redactedRows() {
        Map<String, Long> rows = new TreeMap<>();
        views.forEach((view, counts) -> rows.put(view, counts.rows().sum()));
        return rows;
    }

    public long reloads(ReloadResult result) {
        LongAdder adder = reloads.get(result);
        return adder == null ? 0 : adder.sum();
    }

    /** Whether the policy that was read last is the one in force. */
    public boolean isLastReloadGood() {
        return lastReloadWorked;
    }

    /** When the policy in force began to serve, in seconds since 1970. */
    public double lastReload() {
        return lastReload;
    }

    public long registryChanges(RegistryChange.Kind kind) {
        LongAdder adder = registryChanges.get(kind);
        return adder == null ? 0 : adder.sum();
    }

    /** Replies over UDP that were let go because the socket took no more. */
    public long notSent() {
        return unsent.sum();
    }

    /** Mistakes of rpcward's own. */
    public long failures() {
        return failures.sum();
    }

    /** Calls that could not be answered because the backend did not answer and nothing was known. */
    public long notAnswered() {
        return unavailable.sum();
    }

    /** Everything that is not zero, for the last line of the log. */
    Map<String, Object> totals() {
        Map<String, Object> totals = new LinkedHashMap<>();
        long all = 0;
        Map<Verdict, Long> verdicts = new EnumMap<>(Verdict.class);
        for (Verdict verdict : Verdict.values()) {
            long sum = 0;
            for (Transport transport : Transport.values()) {
                sum += verdicts(verdict, null, transport);
                for (Procedure procedure : Procedure.values()) {
                    sum += verdicts(verdict, procedure, transport);
                }
            }
            verdicts.put(verdict, sum);
            all += sum;
        }
        totals.put("calls", all);
        verdicts.forEach((verdict, sum) -> put(totals, "verdict_" + verdict.word(), sum));
        for (Outcome outcome : Outcome.values()) {
            put(totals, "reply_" + outcome.word(), tally.sum(OUTCOMES + outcome.ordinal()));
        }
        for (Fault fault : Fault.values()) {
            put(totals, "fault_" + fault.word(), malformed(Transport.UDP, fault) + malformed(Transport.TCP, fault));
        }
        backend.forEach((k, v) -> put(totals, "backend_" + k.word(), v.sum()));
        for (Transport transport : Transport.values()) {
            put(totals, "received_bytes_" + transport.word(), receivedBytes(transport));
        }
        for (Transport transport : Transport.values()) {
            put(totals, "sent_bytes_" + transport.word(), sentBytes(transport));
        }
        registryChanges.forEach((k, v) -> put(totals, "registry_" + k.word(), v.sum()));
        put(totals, "backend_up", turns(true));
        put(totals, "backend_down", turns(false));
        put(totals, "deviations", deviations.sum());
        put(totals, "unsent", unsent.sum());
        put(totals, "failures", failures.sum());
        put(totals, "over_budget", overBudgetTotal());
        put(totals, "unavailable", unavailable.sum());
        put(totals, "unlogged", notTold());
        return totals;
    }

    private long turns(boolean up) {
        return endpoints.values().stream().mapToLong(e -> e.turns(up)).sum();
    }

    private long overBudgetTotal() {
        long sum = suppressed(null);
        for (Procedure procedure : Procedure.values()) {
            sum += suppressed(procedure);
        }
        return sum;
    }

    private static void put(Map<String, Object> totals, String name, long sum) {
        if (sum != 0) {
            totals.put(name, sum);
        }
    }
}

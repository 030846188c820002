package org.rpcward.proxy.observe;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.CallObserver;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Outcome;

/**
 * Counts replies, how long they took, what they left out, and what kept others from leaving. Thread-safe, without
 * contention between event loops.
 */
@SuppressWarnings("EnumOrdinal") // places of this run, which nothing outside of it knows
public final class ReplyCounts {
    private static final AnswerPath[] PATH_VALUES = AnswerPath.values();
    private static final int TRANSPORTS = Transport.values().length;
    private static final int STATUSES = ReplyStatus.values().length;
    private static final int PATHS = AnswerPath.values().length;
    private static final int PROCEDURES = Procedure.values().length;

    // Places in the tally: one block behind the other.
    private static final int OUTCOMES = 0;
    private static final int STATUS = OUTCOMES + Outcome.values().length;
    private static final int SENT = STATUS + TRANSPORTS * STATUSES;
    private static final int DURATIONS = SENT + TRANSPORTS;
    private static final int DURATION_SUMS = DURATIONS + TRANSPORTS * PATHS * Durations.BUCKETS;
    private static final int OVER_BUDGET = DURATION_SUMS + TRANSPORTS * PATHS;

    /** Of each thread: how many replies of the batch at hand were made by each path. Zero between batches. */
    private static final int BATCH = OVER_BUDGET + PROCEDURES + 1;

    private static final int CELLS = BATCH + PATHS;

    private final Tally tally = new Tally(CELLS);
    private final Map<String, ViewCounts> views = new ConcurrentHashMap<>();
    private final LongAdder unsent = new LongAdder();
    private final LongAdder unavailable = new LongAdder();
    private final LongAdder failures = new LongAdder();

    /** Listings that showed less than all, and how many rows they left out. */
    private record ViewCounts(LongAdder listings, LongAdder rows) {
        ViewCounts() {
            this(new LongAdder(), new LongAdder());
        }
    }

    ReplyCounts() {}

    /** From now on the views of this policy are counted. */
    synchronized void serve(Policy policy) {
        Set<String> wanted = new LinkedHashSet<>(CallObserver.NO_VIEWS);
        wanted.addAll(policy.views().keySet());
        views.keySet().retainAll(wanted);
        wanted.forEach(view -> views.computeIfAbsent(view, v -> new ViewCounts()));
    }

    /**
     * Replies that are ready while a batch of datagrams is read leave together at its end: only then is it known how
     * long they took, and one look at the clock serves them all.
     */
    void replied(Exchange exchange, Outcome outcome, ReplyStatus status, AnswerPath path, long bytes) {
        long[] row = tally.mine();
        Transport transport = exchange.transport();
        Tally.add(row, OUTCOMES + outcome.ordinal(), 1);
        Tally.add(row, statusCell(transport, status), 1);
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

    private static void took(long[] row, Transport transport, AnswerPath path, long nanos, long count) {
        int which = durationOf(transport, path);
        Tally.add(row, DURATIONS + which * Durations.BUCKETS + Durations.bucketOf(nanos), count);
        Tally.add(row, DURATION_SUMS + which, count * nanos);
    }

    private static int durationOf(Transport transport, AnswerPath path) {
        return transport.ordinal() * PATHS + path.ordinal();
    }

    private static int statusCell(Transport transport, ReplyStatus status) {
        return STATUS + transport.ordinal() * STATUSES + status.ordinal();
    }

    private static int overBudgetCell(@Nullable Procedure procedure) {
        return OVER_BUDGET + (procedure == null ? PROCEDURES : procedure.ordinal());
    }

    void overBudget(@Nullable Procedure procedure) {
        tally.add(overBudgetCell(procedure), 1);
    }

    void listed(String view, int hidden) {
        ViewCounts counts = views.get(view);
        if (counts != null && hidden > 0) {
            counts.listings().increment();
            counts.rows().add(hidden);
        }
    }

    void unsent(int replies) {
        unsent.add(replies);
    }

    void unavailable() {
        unavailable.increment();
    }

    public void failed() {
        failures.increment();
    }

    public long of(Transport transport, ReplyStatus status) {
        return tally.sum(statusCell(transport, status));
    }

    long of(Outcome outcome) {
        return tally.sum(OUTCOMES + outcome.ordinal());
    }

    public long sentBytes(Transport transport) {
        return tally.sum(SENT + transport.ordinal());
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

    /** Replies that were larger than their calls allow; null for calls without a procedure. */
    public long suppressed(@Nullable Procedure procedure) {
        return tally.sum(overBudgetCell(procedure));
    }

    /** Replies that were larger than their calls allow, of all procedures. */
    long suppressed() {
        long sum = suppressed(null);
        for (Procedure procedure : Procedure.values()) {
            sum += suppressed(procedure);
        }
        return sum;
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

    /** Replies over UDP that were discarded because the socket took no more. */
    public long notSent() {
        return unsent.sum();
    }

    /** Calls that could not be answered because the backend did not answer and nothing was known. */
    public long notAnswered() {
        return unavailable.sum();
    }

    /** Mistakes of rpcward's own. */
    public long failures() {
        return failures.sum();
    }
}

package org.rpcward.proxy.observe;

import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.service.Outcome;

/**
 * All that is counted. All label sets are closed: nothing that comes from the wire makes a new counter. Thread-safe.
 *
 * @param log what the log left out
 */
public record Counters(
        CallCounts calls,
        ReplyCounts replies,
        CacheCounts caches,
        BackendCounts backends,
        ReloadCounts reloads,
        LogCounts log) {
    /**
     * Counters at zero.
     *
     * @param nanoClock for durations
     * @param clock for points in time
     */
    public Counters(LongSupplier nanoClock, InstantSource clock) {
        this(
                new CallCounts(),
                new ReplyCounts(),
                new CacheCounts(),
                new BackendCounts(nanoClock),
                new ReloadCounts(clock),
                new LogCounts());
    }

    /**
     * From now on calls are counted under this policy. What it names as the one before did goes on; what it does not name
     * any more is forgotten.
     */
    public void serve(Policy policy) {
        calls.serve(policy);
        replies.serve(policy);
        backends.serve(policy);
    }

    /** Everything that is not zero, for the last line of the log. */
    Map<String, Object> totals() {
        Map<String, Object> totals = new LinkedHashMap<>();
        putCalls(totals);
        for (Outcome outcome : Outcome.values()) {
            put(totals, "reply_" + outcome.word(), replies.of(outcome));
        }
        for (Fault fault : Fault.values()) {
            put(
                    totals,
                    "fault_" + fault.word(),
                    calls.malformed(Transport.UDP, fault) + calls.malformed(Transport.TCP, fault));
        }
        backends.results().forEach((status, sum) -> put(totals, "backend_" + status.word(), sum));
        for (Transport transport : Transport.values()) {
            put(totals, "received_bytes_" + transport.word(), calls.receivedBytes(transport));
        }
        for (Transport transport : Transport.values()) {
            put(totals, "sent_bytes_" + transport.word(), replies.sentBytes(transport));
        }
        backends.registryChanges().forEach((kind, sum) -> put(totals, "registry_" + kind.word(), sum));
        put(totals, "backend_up", backends.turns(true));
        put(totals, "backend_down", backends.turns(false));
        put(totals, "deviations", backends.deviations());
        put(totals, "unsent", replies.notSent());
        put(totals, "failures", replies.failures());
        put(totals, "over_budget", replies.suppressed());
        put(totals, "unavailable", replies.notAnswered());
        put(totals, "unlogged", log.notTold());
        return totals;
    }

    private void putCalls(Map<String, Object> totals) {
        long all = 0;
        Map<Verdict, Long> verdicts = new LinkedHashMap<>();
        for (Verdict verdict : Verdict.values()) {
            long sum = calls.verdicts(verdict);
            verdicts.put(verdict, sum);
            all += sum;
        }
        totals.put("calls", all);
        verdicts.forEach((verdict, sum) -> put(totals, "verdict_" + verdict.word(), sum));
    }

    private static void put(Map<String, Object> totals, String name, long sum) {
        if (sum != 0) {
            totals.put(name, sum);
        }
    }
}

package org.rpcward.proxy.observe;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.service.Outcome;

/** Counts what happens. All label sets are closed: nothing that comes from the wire makes a new counter. */
public final class Counters {
    private static final int PROCEDURE_NUMBERS = 16;

    private final LongAdder[] calls = adders((Procedure.HIGHEST_PROTOCOL + 1) * PROCEDURE_NUMBERS);
    private final Map<Fault, LongAdder> faults = adders(Fault.class);
    private final Map<Verdict, LongAdder> verdicts = adders(Verdict.class);
    private final Map<Outcome, LongAdder> replies = adders(Outcome.class);
    private final Map<BackendResult.Status, LongAdder> backend = adders(BackendResult.Status.class);
    private final Map<Transport, LongAdder> received = adders(Transport.class);
    private final Map<Transport, LongAdder> sent = adders(Transport.class);
    private final Map<RegistryChange.Kind, LongAdder> registryChanges = adders(RegistryChange.Kind.class);
    private final LongAdder backendUps = new LongAdder();
    private final LongAdder backendDowns = new LongAdder();
    private final LongAdder deviations = new LongAdder();
    private final LongAdder unsent = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder overBudget = new LongAdder();
    private final LongAdder unavailable = new LongAdder();
    private final LongAdder unlogged = new LongAdder();

    private static LongAdder[] adders(int count) {
        LongAdder[] adders = new LongAdder[count];
        for (int i = 0; i < count; i++) {
            adders[i] = new LongAdder();
        }
        return adders;
    }

    private static <E extends Enum<E>> Map<E, LongAdder> adders(Class<E> keys) {
        Map<E, LongAdder> adders = new EnumMap<>(keys);
        for (E key : keys.getEnumConstants()) {
            adders.put(key, new LongAdder());
        }
        return adders;
    }

    private static <E> void add(Map<E, LongAdder> adders, E key, long count) {
        LongAdder adder = adders.get(key);
        if (adder != null) {
            adder.add(count);
        }
    }

    void call(int protocol, Procedure procedure) {
        calls[protocol * PROCEDURE_NUMBERS + procedure.number()].increment();
    }

    /** Calls of a procedure, given as {@code protocol << 8 | number}. */
    long calls(int protocolAndProcedure) {
        return calls[(protocolAndProcedure >>> 8) * PROCEDURE_NUMBERS + (protocolAndProcedure & 0xff)].sum();
    }

    void fault(Fault fault) {
        add(faults, fault, 1);
    }

    void verdict(Verdict verdict) {
        add(verdicts, verdict, 1);
    }

    void received(Transport transport, long bytes) {
        add(received, transport, bytes);
    }

    void replied(Transport transport, Outcome outcome, long bytes) {
        add(replies, outcome, 1);
        add(sent, transport, bytes);
    }

    void backend(BackendResult.Status status) {
        add(backend, status, 1);
    }

    void backendTurned(String state) {
        (state.equals("up") ? backendUps : backendDowns).increment();
    }

    void registryChanged(RegistryChange.Kind kind) {
        add(registryChanges, kind, 1);
    }

    void deviated() {
        deviations.increment();
    }

    void unsent() {
        unsent.increment();
    }

    void failed() {
        failures.increment();
    }

    void overBudget() {
        overBudget.increment();
    }

    void unavailable() {
        unavailable.increment();
    }

    void unlogged() {
        unlogged.increment();
    }

    /** Everything that is not zero, for the last line of the log. */
    Map<String, Object> totals() {
        Map<String, Object> totals = new LinkedHashMap<>();
        long all = 0;
        for (LongAdder adder : calls) {
            all += adder.sum();
        }
        totals.put("calls", all);
        verdicts.forEach((k, v) -> put(totals, "verdict_" + k.word(), v));
        replies.forEach((k, v) -> put(totals, "reply_" + k.word(), v));
        faults.forEach((k, v) -> put(totals, "fault_" + k.word(), v));
        backend.forEach((k, v) -> put(totals, "backend_" + k.word(), v));
        received.forEach((k, v) -> put(totals, "received_bytes_" + k.word(), v));
        sent.forEach((k, v) -> put(totals, "sent_bytes_" + k.word(), v));
        registryChanges.forEach((k, v) -> put(totals, "registry_" + k.word(), v));
        put(totals, "backend_up", backendUps);
        put(totals, "backend_down", backendDowns);
        put(totals, "deviations", deviations);
        put(totals, "unsent", unsent);
        put(totals, "failures", failures);
        put(totals, "over_budget", overBudget);
        put(totals, "unavailable", unavailable);
        put(totals, "unlogged", unlogged);
        return totals;
    }

    private static void put(Map<String, Object> totals, String name, LongAdder adder) {
        long sum = adder.sum();
        if (sum != 0) {
            totals.put(name, sum);
        }
    }
}

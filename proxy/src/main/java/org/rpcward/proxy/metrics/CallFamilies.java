package org.rpcward.proxy.metrics;

import java.util.List;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.observe.CallCounts;
import org.rpcward.proxy.rpc.Fault;

/** What calls asked, and what was done with them. */
final class CallFamilies {
    private CallFamilies() {}

    static List<Family> of(CallCounts calls) {
        return List.of(
                Family.counter(
                        "rpcward_calls_total",
                        "Calls that arrived, whatever became of them",
                        List.of("listener", "transport", "procedure"),
                        sink -> {
                            for (String listener : calls.listeners()) {
                                for (Transport transport : Transport.values()) {
                                    for (Procedure procedure : LabelValues.procedures()) {
                                        sink.count(
                                                calls.of(listener, transport, procedure),
                                                listener,
                                                transport.word(),
                                                LabelValues.word(procedure));
                                    }
                                }
                            }
                        }),
                Family.counter(
                        "rpcward_verdicts_total",
                        "What was done with calls",
                        List.of("verdict", "procedure", "transport"),
                        sink -> {
                            for (Verdict verdict : Verdict.values()) {
                                for (Procedure procedure : LabelValues.procedures()) {
                                    for (Transport transport : Transport.values()) {
                                        sink.count(
                                                calls.verdicts(verdict, procedure, transport),
                                                verdict.word(),
                                                LabelValues.word(procedure),
                                                transport.word());
                                    }
                                }
                            }
                        }),
                Family.counter(
                        "rpcward_rule_hits_total",
                        "Calls that a rule of the policy decided or, in audit mode, would have decided",
                        List.of("rule", "verdict", "mode"),
                        sink -> calls.ruleHits()
                                .forEach((key, hits) -> sink.count(
                                        hits,
                                        key.name(),
                                        key.verdict().word(),
                                        key.mode().word()))),
                Family.counter(
                        "rpcward_malformed_total",
                        "Calls that were not whole, or none for a portmapper",
                        List.of("transport", "reason"),
                        sink -> {
                            for (Transport transport : Transport.values()) {
                                for (Fault fault : Fault.values()) {
                                    sink.count(calls.malformed(transport, fault), transport.word(), fault.word());
                                }
                            }
                        }),
                Family.counter(
                        "rpcward_received_bytes_total",
                        "Bytes of calls",
                        LabelValues.TRANSPORT,
                        LabelValues.byTransport(calls::receivedBytes)));
    }
}

package org.rpcward.proxy.metrics;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.metrics.Family.Reader;
import org.rpcward.proxy.observe.Counters;
import org.rpcward.proxy.rpc.Fault;

/**
 * rpcward's own metrics. The values of labels are words of rpcward, or names in the policy; nothing that comes from the
 * wire is ever one.
 */
final class Families {
    /** The procedure of calls that were not decoded, or were none for a portmapper. */
    private static final String OTHER = "other";

    private final List<Family> all = new ArrayList<>();
    private final Counters counters;
    private final Sources sources;

    Families(Counters counters, Sources sources) {
        this.counters = counters;
        this.sources = sources;
        calls();
        connections();
        policy();
        process();
    }

    List<Family> all() {
        return all;
    }

    private void add(String name, Family.Type type, String help, List<String> labels, Reader reader) {
        all.add(new Family(name, type, help, labels, reader));
    }

    private void calls() {
        add(
                "rpcward_calls_total",
                Family.Type.COUNTER,
                "Calls that arrived, whatever became of them",
                List.of("listener", "transport", "procedure"),
                sink -> {
                    for (String listener : counters.listeners()) {
                        for (Transport transport : Transport.values()) {
                            for (Procedure procedure : procedures()) {
                                sink.count(
                                        counters.calls(listener, transport, procedure),
                                        listener,
                                        transport.word(),
                                        word(procedure));
                            }
                        }
                    }
                });
        add(
                "rpcward_verdicts_total",
                Family.Type.COUNTER,
                "What was done with calls",
                List.of("verdict", "procedure", "transport"),
                sink -> {
                    for (Verdict verdict : Verdict.values()) {
                        for (Procedure procedure : procedures()) {
                            for (Transport transport : Transport.values()) {
                                sink.count(
                                        counters.verdicts(verdict, procedure, transport),
                                        verdict.word(),
                                        word(procedure),
                                        transport.word());
                            }
                        }
                    }
                });
        add(
                "rpcward_rule_hits_total",
                Family.Type.COUNTER,
                "Calls that a rule of the policy decided or, in audit mode, would have decided",
                List.of("rule", "verdict", "mode"),
                sink -> counters.ruleHits()
                        .forEach((key, hits) -> sink.count(
                                hits,
                                key.name(),
                                key.verdict().word(),
                                key.mode().word())));
        add(
                "rpcward_malformed_total",
                Family.Type.COUNTER,
                "Calls that were not whole, or none for a portmapper",
                List.of("transport", "reason"),
                sink -> {
                    for (Transport transport : Transport.values()) {
                        for (Fault fault : Fault.values()) {
                            sink.count(counters.malformed(transport, fault), transport.word(), fault.word());
                        }
                    }
                });
        add(
                "rpcward_received_bytes_total",
                Family.Type.COUNTER,
                "Bytes of calls",
                List.of("transport"),
                byTransport(counters::receivedBytes));
        add(
                "rpcward_sent_bytes_total",
                Family.Type.COUNTER,
                "Bytes of replies",
                List.of("transport"),
                byTransport(counters::sentBytes));
    }

    private interface OfTransport {
        long count(Transport transport);
    }

    private static Reader byTransport(OfTransport counts) {
        return sink -> {
            for (Transport transport : Transport.values()) {
                sink.count(counts.count(transport), transport.word());
            }
        };
    }

    private static List<@Nullable Procedure> procedures() {
        List<@Nullable Procedure> all = new ArrayList<>(Arrays.asList(Procedure.values()));
        all.add(null);
        return all;
    }

    private static String word(@Nullable Procedure procedure) {
        return procedure == null ? OTHER : procedure.word();
    }

    private void connections() {
        add(
                "rpcward_tcp_connections",
                Family.Type.GAUGE,
                "TCP connections that are open",
                List.of("listener"),
                sink -> {
                    Map<String, Integer> open = sources.connections();
                    for (String listener : sources.policy().listeners().keySet()) {
                        sink.value(open.getOrDefault(listener, 0), listener);
                    }
                });
    }

    private void policy() {
        add(
                "rpcward_config_info",
                Family.Type.INFO,
                "The policy in force",
                List.of("revision", "mode"),
                sink -> sink.value(
                        1, sources.policy().revision(), sources.policy().mode().word()));
        add(
                "rpcward_audit_rules",
                Family.Type.GAUGE,
                "Rules of the policy that are on trial",
                List.of(),
                sink -> sink.count(auditRules(sources.policy())));
        add(
                "rpcward_build_info",
                Family.Type.INFO,
                "What runs",
                List.of("version", "java", "transport"),
                sink -> sink.value(
                        1,
                        String.valueOf(Families.class.getPackage().getImplementationVersion()),
                        System.getProperty("java.version"),
                        sources.transport()));
    }

    /** All of them, when the whole policy is. */
    private static long auditRules(Policy policy) {
        return policy.rules().rules().stream()
                .filter(rule -> !rule.isBuiltin() && (rule.isAudit() || policy.mode() == Mode.AUDIT))
                .count();
    }

    private void process() {
        add(
                "jvm_gc_collections_total",
                Family.Type.COUNTER,
                "Collections of garbage",
                List.of("gc"),
                sink -> ManagementFactory.getGarbageCollectorMXBeans()
                        .forEach(gc -> sink.count(Math.max(0, gc.getCollectionCount()), gc.getName())));
        add(
                "jvm_gc_collection_seconds_total",
                Family.Type.COUNTER,
                "Time that collections of garbage took",
                List.of("gc"),
                sink -> ManagementFactory.getGarbageCollectorMXBeans()
                        .forEach(gc -> sink.value(Math.max(0, gc.getCollectionTime()) / 1e3, gc.getName())));
        add(
                "process_cpu_seconds_total",
                Family.Type.COUNTER,
                "Processor time of the process, in user and in system mode",
                List.of(),
                sink -> sink.value(ProcessStatus.cpuSeconds()));
        add(
                "process_resident_memory_bytes",
                Family.Type.GAUGE,
                "Memory of the process that is in RAM",
                List.of(),
                sink -> sink.value(ProcessStatus.residentBytes()));
    }
}

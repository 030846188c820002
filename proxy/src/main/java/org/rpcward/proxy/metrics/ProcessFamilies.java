package org.rpcward.proxy.metrics;

import java.lang.management.ManagementFactory;
import java.util.List;

/** What the process takes, as far as Micrometer does not tell. */
final class ProcessFamilies {
    private ProcessFamilies() {}

    static List<Family> of() {
        return List.of(
                Family.counter(
                        "jvm_gc_collections_total",
                        "Collections of garbage",
                        List.of("gc"),
                        sink -> ManagementFactory.getGarbageCollectorMXBeans()
                                .forEach(gc -> sink.count(Math.max(0, gc.getCollectionCount()), gc.getName()))),
                Family.counter(
                        "jvm_gc_collection_seconds_total",
                        "Time that collections of garbage took",
                        List.of("gc"),
                        sink -> ManagementFactory.getGarbageCollectorMXBeans()
                                .forEach(gc -> sink.value(Math.max(0, gc.getCollectionTime()) / 1e3, gc.getName()))),
                Family.counter(
                        "process_cpu_seconds_total",
                        "Processor time of the process, in user and in system mode",
                        ProcessStatus::cpuSeconds),
                Family.gauge(
                        "process_resident_memory_bytes",
                        "Memory of the process that is in RAM",
                        ProcessStatus::residentBytes));
    }
}

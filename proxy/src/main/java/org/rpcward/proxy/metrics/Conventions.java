package org.rpcward.proxy.metrics;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import java.util.Set;

/** Makes the meters of Micrometer's binders follow the conventions of Prometheus, with the same series in every run. */
final class Conventions implements MeterFilter {
    /** In nanoseconds, or with series that only appear after the first collection: {@link ProcessFamilies} has its own. */
    private static final Set<String> REPLACED =
            Set.of("process.cpu.time", "jvm.gc.pause", "jvm.gc.concurrent.phase.time");

    @Override
    public MeterFilterReply accept(Meter.Id id) {
        return REPLACED.contains(id.getName()) ? MeterFilterReply.DENY : MeterFilterReply.NEUTRAL;
    }

    @Override
    public Meter.Id map(Meter.Id id) {
        return switch (id.getName()) {
            // Its other label is an identity hash, which differs in every run.
            case "netty.allocator.memory.used" ->
                new Meter.Id(
                        id.getName(),
                        Tags.of("memory_type", String.valueOf(id.getTag("memory.type"))),
                        "bytes",
                        "Memory that Netty's allocator has taken",
                        id.getType());
            case "netty.eventexecutor.tasks.pending" ->
                new Meter.Id(
                        id.getName(), Tags.of(id.getTags()), null, "Tasks that wait for an event loop", id.getType());
            // In Prometheus, the ending _count belongs to histograms.
            case "system.cpu.count" -> id.withName("system.cpus");
            default -> id;
        };
    }
}

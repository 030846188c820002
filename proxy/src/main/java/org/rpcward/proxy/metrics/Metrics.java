package org.rpcward.proxy.metrics;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.netty4.NettyAllocatorMetrics;
import io.micrometer.core.instrument.binder.netty4.NettyEventExecutorMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.util.concurrent.EventExecutor;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.observe.Counters;

/** All metrics, for whoever scrapes them. Thread-safe. */
public final class Metrics implements AutoCloseable {
    /** The last resort: Micrometer's binders have far fewer meters than this. */
    private static final int MAX_METERS = 500;

    private final PrometheusRegistry prometheus = new PrometheusRegistry();
    private final PrometheusMeterRegistry micrometer =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, prometheus, Clock.SYSTEM);
    private final ExpositionFormatWriter text = PrometheusTextFormatWriter.create();
    private final ExpositionFormatWriter openMetrics = OpenMetricsTextFormatWriter.create();
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final Exposition exposition;

    /** @param loops whose pending tasks are shown */
    public Metrics(Counters counters, Sources sources, Iterable<EventExecutor> loops) {
        this.exposition = new Exposition(Families.of(counters, sources));
        prometheus.register(exposition);
        micrometer.config().meterFilter(new Conventions()).meterFilter(MeterFilter.maximumAllowableMetrics(MAX_METERS));
        bindJvm();
        new NettyEventExecutorMetrics(loops).bindTo(micrometer);
        if (ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider allocator) {
            new NettyAllocatorMetrics(allocator).bindTo(micrometer);
        }
    }

    private void bindJvm() {
        new JvmMemoryMetrics().bindTo(micrometer);
        collections.bindTo(micrometer);
        new JvmThreadMetrics().bindTo(micrometer);
        new ClassLoaderMetrics().bindTo(micrometer);
        new ProcessorMetrics().bindTo(micrometer);
        new FileDescriptorMetrics().bindTo(micrometer);
        new UptimeMetrics().bindTo(micrometer);
    }

    /**
     * The metrics as they are now.
     *
     * @param accept the Accept header of the request, or null: OpenMetrics is given to those who ask for it, Prometheus's
     *     own text format, version 0.0.4, to all others
     */
    public Scrape scrape(@Nullable String accept) {
        ExpositionFormatWriter writer = openMetrics.accepts(accept) ? openMetrics : text;
        ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 16);
        try {
            if (writer == openMetrics) {
                write(writer, out, exposition.withNamesakes(prometheus.scrape()));
            } else {
                write(writer, out, prometheus.scrape());
                write(writer, out, exposition.namesakes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("memory takes everything", e);
        }
        return new Scrape(writer.getContentType(), out.toString(StandardCharsets.UTF_8));
    }

    private static void write(ExpositionFormatWriter writer, ByteArrayOutputStream out, MetricSnapshots metrics)
            throws IOException {
        writer.write(out, metrics, EscapingScheme.UNDERSCORE_ESCAPING);
    }

    /** Listens to collections of garbage no longer. */
    @Override
    public void close() {
        collections.close();
        micrometer.close();
    }
}

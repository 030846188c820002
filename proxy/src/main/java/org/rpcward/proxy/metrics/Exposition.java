package org.rpcward.proxy.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot.UnknownDataPointSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.rpcward.proxy.observe.Durations;

/*
 * A gauge may have the name of a counter without its _total: rpcward_tcp_connections and rpcward_tcp_connections_total.
 * In the text format these are two names. To OpenMetrics and the client library they are one, because there a counter's
 * name has no _total; so such gauges are kept apart, and in OpenMetrics the counter is of no known type.
 */
/**
 * Families as Prometheus's client library wants them. Series are whatever a family's reader gives at the time of the
 * scrape: none is registered, so none has to be removed when a reload takes away what it was about.
 */
final class Exposition implements MultiCollector {
    private static final String TOTAL = "_total";
    private static final String INFO = "_info";

    private final List<Family> families;
    private final List<Family> namesakes;

    Exposition(List<Family> families) {
        Set<String> counters = families.stream()
                .filter(family -> family.type() == Family.Type.COUNTER)
                .map(Exposition::baseName)
                .collect(Collectors.toSet());
        this.namesakes = families.stream()
                .filter(family -> family.type() == Family.Type.GAUGE && counters.contains(family.name()))
                .toList();
        this.families =
                families.stream().filter(family -> !namesakes.contains(family)).toList();
    }

    /** All but {@link #namesakes}. */
    @Override
    public MetricSnapshots collect() {
        return snapshots(families);
    }

    /** The gauges that have the name of a counter; for the text format, behind all others. */
    MetricSnapshots namesakes() {
        return snapshots(namesakes);
    }

    /** What was collected, with {@link #namesakes}, in names that OpenMetrics can tell apart. */
    MetricSnapshots withNamesakes(MetricSnapshots collected) {
        Set<String> taken = namesakes.stream().map(Family::name).collect(Collectors.toSet());
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        for (MetricSnapshot snapshot : collected) {
            boolean clashes = taken.contains(snapshot.getMetadata().getPrometheusName());
            all.metricSnapshot(clashes && snapshot instanceof CounterSnapshot counter ? untyped(counter) : snapshot);
        }
        namesakes().forEach(all::metricSnapshot);
        return all.build();
    }

    private static UnknownSnapshot untyped(CounterSnapshot counter) {
        UnknownSnapshot.Builder untyped = UnknownSnapshot.builder()
                .name(counter.getMetadata().getPrometheusName() + TOTAL)
                .help(counter.getMetadata().getHelp());
        counter.getDataPoints()
                .forEach(p -> untyped.dataPoint(UnknownDataPointSnapshot.builder()
                        .value(p.getValue())
                        .labels(p.getLabels())
                        .build()));
        return untyped.build();
    }

    private static MetricSnapshots snapshots(List<Family> families) {
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        families.forEach(family -> all.metricSnapshot(snapshot(family)));
        return all.build();
    }

    /** The name without the ending that the client library writes itself. */
    private static String baseName(Family family) {
        return switch (family.type()) {
            case COUNTER -> without(TOTAL, family);
            case INFO -> without(INFO, family);
            case GAUGE, HISTOGRAM -> family.name();
        };
    }

    private static String without(String ending, Family family) {
        if (!family.name().endsWith(ending)) {
            throw new IllegalArgumentException(family.name() + " does not end in " + ending);
        }
        return family.name().substring(0, family.name().length() - ending.length());
    }

    private static MetricSnapshot snapshot(Family family) {
        Points points = new Points(family);
        family.reader().read(points);
        String name = baseName(family);
        return switch (family.type()) {
            case COUNTER -> {
                CounterSnapshot.Builder counter =
                        CounterSnapshot.builder().name(name).help(family.help());
                points.values.forEach(p -> counter.dataPoint(CounterDataPointSnapshot.builder()
                        .value(p.value())
                        .labels(p.labels())
                        .build()));
                yield counter.build();
            }
            case GAUGE -> {
                GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(family.help());
                points.values.forEach(p -> gauge.dataPoint(GaugeDataPointSnapshot.builder()
                        .value(p.value())
                        .labels(p.labels())
                        .build()));
                yield gauge.build();
            }
            case INFO -> {
                InfoSnapshot.Builder info = InfoSnapshot.builder().name(name).help(family.help());
                points.values.forEach(p -> info.dataPoint(
                        InfoDataPointSnapshot.builder().labels(p.labels()).build()));
                yield info.build();
            }
            case HISTOGRAM -> {
                HistogramSnapshot.Builder histogram =
                        HistogramSnapshot.builder().name(name).help(family.help());
                points.histograms.forEach(histogram::dataPoint);
                yield histogram.build();
            }
        };
    }

    private record Point(double value, Labels labels) {}

    private static final class Points implements Family.Sink {
        private final String[] names;
        private final List<Point> values = new ArrayList<>();
        private final List<HistogramDataPointSnapshot> histograms = new ArrayList<>();

        Points(Family family) {
            this.names = family.labels().toArray(String[]::new);
        }

        @Override
        public void value(double value, String... labels) {
            values.add(new Point(value, Labels.of(names, labels)));
        }

        @Override
        public void durations(Durations durations, String... labels) {
            histograms.add(HistogramDataPointSnapshot.builder()
                    .classicHistogramBuckets(
                            ClassicHistogramBuckets.of(Durations.boundsInSeconds(), durations.counts()))
                    .sum(durations.sumInSeconds())
                    .labels(Labels.of(names, labels))
                    .build());
        }
    }
}

package org.rpcward.proxy.metrics;

import java.util.List;
import org.rpcward.proxy.scan.Scans;

/** What is known of sources that ask for one thing after another. */
final class ScanFamilies {
    private ScanFamilies() {}

    static List<Family> of(Scans scans) {
        return List.of(
                Family.counter("rpcward_scanners_total", "How often a source was taken for a scanner", scans::scanners),
                Family.counter(
                        "rpcward_scan_throttled_total",
                        "Calls of scanners that were hindered",
                        LabelValues.TRANSPORT,
                        LabelValues.byTransport(scans::throttled)),
                Family.gauge(
                        "rpcward_scan_entries",
                        "Sources whose points are kept",
                        LabelValues.TRANSPORT,
                        LabelValues.byTransport(scans::entries)),
                Family.gauge(
                        "rpcward_scan_capacity",
                        "Sources whose points can be kept",
                        LabelValues.TRANSPORT,
                        LabelValues.byTransport(scans::capacity)),
                Family.counter(
                        "rpcward_scan_evictions_total",
                        "Sources whose points were forgotten for want of room",
                        LabelValues.TRANSPORT,
                        LabelValues.byTransport(scans::replaced)),
                Family.counter(
                        "rpcward_scan_untracked_total",
                        "Calls that were not scored because every place was a scanner's",
                        LabelValues.TRANSPORT,
                        LabelValues.byTransport(scans::untracked)));
    }
}

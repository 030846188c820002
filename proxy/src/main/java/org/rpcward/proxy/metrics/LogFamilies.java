package org.rpcward.proxy.metrics;

import java.util.List;
import java.util.function.LongSupplier;
import org.rpcward.proxy.observe.LogCounts;

/** What the log does not tell. */
final class LogFamilies {
    private LogFamilies() {}

    static List<Family> of(LogCounts log, LongSupplier lostEvents) {
        return List.of(Family.counter(
                "rpcward_log_suppressed_total",
                "What the log does not tell: denials like one told a moment before (repeated), denials beyond so many a"
                        + " second (rate), events that nobody took in time (lost)",
                List.of("kind"),
                sink -> {
                    sink.count(log.notToldAgain(), "repeated");
                    sink.count(log.notTold(), "rate");
                    sink.count(lostEvents.getAsLong(), "lost");
                }));
    }
}

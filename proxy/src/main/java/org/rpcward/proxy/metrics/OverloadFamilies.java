package org.rpcward.proxy.metrics;

import java.util.List;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Shed;
import org.rpcward.proxy.overload.Signal;

/** Whether there is more to do than can be done, and who goes short. */
final class OverloadFamilies {
    private OverloadFamilies() {}

    static List<Family> of(Overload overload) {
        return List.of(
                Family.gauge(
                        "rpcward_overload_level",
                        "How far calls and connections are shed: 0 for not at all, to 4",
                        overload::level),
                Family.counter(
                        "rpcward_overload_level_seconds_total",
                        "How long each level of overload was held",
                        List.of("level"),
                        sink -> {
                            List<Double> seconds = overload.state().secondsIn();
                            for (int level = 0; level < seconds.size(); level++) {
                                sink.value(seconds.get(level), String.valueOf(level));
                            }
                        }),
                Family.counter(
                        "rpcward_overload_shed_total",
                        "Calls that were turned away because there was more to do than can be done",
                        List.of("reason"),
                        sink -> {
                            for (Shed reason : Shed.values()) {
                                long sum = 0;
                                for (int level = 0; level <= Overload.TOP; level++) {
                                    sum += overload.shed(level, reason);
                                }
                                sink.count(sum, reason.word());
                            }
                        }),
                Family.gauge(
                        "rpcward_event_loop_lag_seconds",
                        "By how much the last beats of the event loop that lags most came late",
                        () -> overload.signal(Signal.EVENT_LOOP_LAG) / 1e3),
                Family.gauge(
                        "rpcward_heap_after_collection_ratio",
                        "How much of the old part of the heap was in use after its last collection, from 0 to 1",
                        () -> overload.signal(Signal.HEAP) / 1e2));
    }
}

package org.rpcward.proxy.metrics;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.rpcward.policy.Mode;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.metrics.Family.Reader;
import org.rpcward.proxy.observe.CallCounts;
import org.rpcward.proxy.service.Hindrance;

/** What limits and other things hindered, and how full the tables of buckets are. */
final class LimitFamilies {
    /** Limits with series of their own. */
    private static final int MAX_LIMITS = 64;

    private static final List<String> LIMIT = List.of("limit");

    private LimitFamilies() {}

    static List<Family> of(CallCounts calls, Supplier<List<LimitState>> limits) {
        return List.of(
                Family.counter(
                        "rpcward_hindered_calls_total",
                        "Calls that something else than their rule hindered or, in audit mode, would have hindered",
                        List.of("reason", "mode"),
                        sink -> {
                            for (Hindrance.Kind kind : Hindrance.Kind.values()) {
                                for (Mode mode : Mode.values()) {
                                    sink.count(calls.hindered(kind, mode), kind.word(), mode.word());
                                }
                            }
                        }),
                Family.counter(
                        "rpcward_limit_exceeded_total",
                        "Calls that a limit turned away or, in audit mode, would have turned away",
                        List.of("limit", "mode"),
                        sink -> states(limits).forEach(state -> {
                            String limit = state.limit().name();
                            sink.count(state.exceeded(), limit, Mode.ENFORCE.word());
                            sink.count(state.exceededInAudit(), limit, Mode.AUDIT.word());
                        })),
                Family.gauge(
                        "rpcward_limiter_entries",
                        "Sources or prefixes that have a bucket of their own now",
                        LIMIT,
                        ofEach(limits, LimitState::held)),
                Family.gauge(
                        "rpcward_limiter_capacity",
                        "Sources or prefixes that can have a bucket of their own",
                        LIMIT,
                        ofEach(limits, LimitState::capacity)),
                Family.counter(
                        "rpcward_limiter_evictions_total",
                        "Buckets that were full again and were given to another source or prefix",
                        LIMIT,
                        ofEach(limits, LimitState::replaced)),
                Family.counter(
                        "rpcward_limiter_refused_total",
                        "Sources or prefixes for which there was no place, so that they shared a bucket",
                        LIMIT,
                        ofEach(limits, LimitState::refused)));
    }

    private static Reader ofEach(Supplier<List<LimitState>> limits, ToLongFunction<LimitState> value) {
        return sink -> states(limits)
                .forEach(state ->
                        sink.count(value.applyAsLong(state), state.limit().name()));
    }

    /** The states of the first {@link #MAX_LIMITS} limits. */
    private static List<LimitState> states(Supplier<List<LimitState>> limits) {
        List<LimitState> states = limits.get();
        return states.subList(0, Math.min(states.size(), MAX_LIMITS));
    }
}

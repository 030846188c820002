package org.rpcward.proxy.metrics;

import java.util.List;
import java.util.function.ToLongFunction;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.metrics.Family.Reader;

/** Who is kept out. */
final class BanFamilies {
    private static final List<String> KIND = List.of("kind");

    private BanFamilies() {}

    static List<Family> of(Bans bans) {
        return List.of(
                Family.gauge("rpcward_bans_active", "Bans in force", KIND, byKind(bans::active)),
                Family.counter("rpcward_bans_total", "Bans that began", KIND, byKind(bans::started)),
                Family.counter("rpcward_ban_drops_total", "What bans kept out", List.of("what"), sink -> {
                    sink.count(bans.callsTurnedAway(), "call");
                    sink.count(bans.connectionsTurnedAway(), "connection");
                }),
                Family.counter(
                        "rpcward_bans_evicted_total",
                        "Automatic bans that ended early because there were too many",
                        bans::evicted));
    }

    private static Reader byKind(ToLongFunction<Ban.Kind> value) {
        return sink -> {
            for (Ban.Kind kind : Ban.Kind.values()) {
                sink.count(value.applyAsLong(kind), kind.word());
            }
        };
    }
}

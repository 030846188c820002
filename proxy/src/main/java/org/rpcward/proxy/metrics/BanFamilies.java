package org.rpcward.proxy.metrics;

import java.util.List;
import java.util.function.ToLongFunction;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.metrics.Family.Reader;

/** Who is kept out. */
final class BanFamilies {
    private static final List<String> RULE = List.of("ban_rule");

    private BanFamilies() {}

    static List<Family> of(Bans bans) {
        return List.of(
                Family.gauge("rpcward_bans_active", "Bans in force", RULE, byKind(bans::active)),
                Family.counter("rpcward_bans_total", "Bans that began", RULE, byKind(bans::started)),
                Family.counter("rpcward_ban_drops_total", "What bans kept out", List.of("ban_rule", "what"), sink -> {
                    for (Ban.Kind kind : Ban.Kind.values()) {
                        sink.count(bans.callsTurnedAway(kind), rule(kind), "call");
                        sink.count(bans.connectionsTurnedAway(kind), rule(kind), "connection");
                    }
                }),
                Family.counter(
                        "rpcward_bans_evicted_total",
                        "Automatic bans that ended early because there were too many",
                        bans::evicted));
    }

    /** What bans: the only rule of the policy that does, or an administrator. */
    private static String rule(Ban.Kind kind) {
        return kind == Ban.Kind.AUTOMATIC ? Bans.ENUMERATION : kind.word();
    }

    private static Reader byKind(ToLongFunction<Ban.Kind> value) {
        return sink -> {
            for (Ban.Kind kind : Ban.Kind.values()) {
                sink.count(value.applyAsLong(kind), rule(kind));
            }
        };
    }
}

package org.rpcward.proxy.metrics;

import java.util.List;
import java.util.stream.Stream;
import org.rpcward.proxy.observe.Counters;

/**
 * rpcward's own metrics. The values of labels are words of rpcward, or names in the policy; nothing that comes from the
 * wire is ever one.
 */
final class Families {
    private Families() {}

    /** All of them, group by group. */
    static List<Family> of(Counters counters, Sources sources) {
        return Stream.of(
                        CallFamilies.of(counters.calls()),
                        ReplyFamilies.of(counters.replies()),
                        LimitFamilies.of(counters.calls(), sources::limits),
                        BanFamilies.of(sources.bans()),
                        OverloadFamilies.of(sources.overload()),
                        ScanFamilies.of(sources.scans()),
                        CacheFamilies.of(counters.caches(), sources),
                        BackendFamilies.of(counters.backends(), sources),
                        SocketFamilies.of(sources),
                        PolicyFamilies.of(counters.reloads(), sources),
                        LogFamilies.of(counters.log(), sources::lostEvents),
                        ProcessFamilies.of())
                .flatMap(List::stream)
                .toList();
    }
}

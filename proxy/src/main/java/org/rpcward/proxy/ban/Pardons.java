package org.rpcward.proxy.ban;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ObjLongConsumer;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;

/** Prefixes whose sources are not banned automatically for a while. The oldest makes room. Not thread-safe. */
final class Pardons {
    private static final int MOST = 1_000;

    private final Map<AddressPrefix, Long> untilNanos = new LinkedHashMap<>();

    void grant(AddressPrefix prefix, long until) {
        untilNanos.remove(prefix);
        untilNanos.put(prefix, until);
        Oldest.trim(untilNanos.keySet(), MOST);
    }

    boolean covers(IpAddress source, long now) {
        for (Map.Entry<AddressPrefix, Long> pardon : untilNanos.entrySet()) {
            if (pardon.getValue() - now > 0 && pardon.getKey().contains(source)) {
                return true;
            }
        }
        return false;
    }

    void tick(long now) {
        Oldest.removeWhile(untilNanos.values(), until -> until - now <= 0);
    }

    void forEach(ObjLongConsumer<AddressPrefix> reader) {
        untilNanos.forEach(reader::accept);
    }
}

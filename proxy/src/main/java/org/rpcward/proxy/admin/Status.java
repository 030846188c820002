package org.rpcward.proxy.admin;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How rpcward does, in short.
 *
 * @param revision of the policy in force
 * @param mode {@code enforce} or {@code audit}
 * @param started when, as text
 * @param rules how many the policy has, without the built-in ones
 * @param overloadLevel 0 when all is well; the higher, the more is turned away
 * @param lastReload null when there was none
 * @param ready whether {@link #missing} is empty
 * @param missing what keeps it from being ready, in words
 * @param control where rpcward tells of itself and takes orders
 * @param remarks what is not as it should be there: a control socket that another process has, for instance
 * @param counters totals since the start; those that are zero are left out
 */
public record Status(
        String version,
        int java,
        String transport,
        String policyFile,
        String revision,
        String mode,
        String started,
        long uptimeSeconds,
        int rules,
        boolean draining,
        boolean ready,
        List<String> missing,
        int overloadLevel,
        @Nullable Reloaded lastReload,
        List<ListenerView> listeners,
        List<BackendView> backends,
        List<String> control,
        List<String> remarks,
        Map<String, Object> counters) {

    /**
     * A listener.
     *
     * @param addresses with their transport: {@code udp 10.1.5.7:111}
     */
    public record ListenerView(String name, String backend, List<String> addresses) {}
}

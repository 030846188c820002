package org.rpcward.proxy.server;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.util.Map;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Signal;

/** Tells of what concerns the whole run and no call: the host, overload, orders of an administrator, the end. */
final class RunLog {
    private final EventLog log;
    private final Runnable failures;

    /** @param failures counts what could not be done */
    RunLog(EventLog log, Runnable failures) {
        this.log = log;
        this.failures = failures;
    }

    /** Somebody did something over the control socket. */
    void ordered(String what, String to) {
        Map<String, Object> event = log.event("control");
        event.put("action", what);
        event.put("target", to);
        log.write(event);
    }

    /**
     * There are fewer descriptors than the policy wants connections.
     *
     * @param limit how many there are
     * @param wanted what the policy lets all listeners have
     * @param connections how many are let in
     */
    void shortOfDescriptors(int limit, long wanted, int connections) {
        Map<String, Object> event = log.event("descriptors");
        event.put("limit", limit);
        event.put("max_connections", wanted);
        event.put("connections", connections);
        event.put("reason", "the open-file limit is too low for max_connections of all listeners; fewer are let in");
        log.write(event);
    }

    /** @param shed how many calls were turned away since the start */
    void overload(Overload.State state, long shed) {
        Map<String, Object> event = log.event("overload");
        event.put("level", state.level());
        Signal reason = state.reason();
        if (reason != null) {
            event.put("reason", reason.word());
            event.put("value", Math.round(state.value()) + reason.unit());
        }
        event.put("shed", shed);
        log.write(event);
    }

    /** The kernel does not take a filter, or does not spread datagrams. */
    void kernel(String reason) {
        reason("kernel", reason);
    }

    /** What is kept over a restart could not be read or written. */
    void state(String failure) {
        failures.run();
        reason("state", failure);
    }

    private void reason(String name, String reason) {
        Map<String, Object> event = log.event(name);
        event.put("reason", reason);
        log.write(event);
    }

    /** @param totals what was counted */
    void stopped(Map<String, Object> totals, CacheStats listings) {
        Map<String, Object> event = log.event("stop");
        event.putAll(totals);
        event.put("listings_reused", listings.hitCount());
        event.put("listings_encoded", listings.missCount());
        log.write(event);
    }
}

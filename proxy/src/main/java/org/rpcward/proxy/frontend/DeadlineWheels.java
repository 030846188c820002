package org.rpcward.proxy.frontend;

import io.netty.util.concurrent.EventExecutor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** One {@link DeadlineWheel} for each event loop. Thread-safe. */
public final class DeadlineWheels {
    private final Map<EventExecutor, DeadlineWheel> wheels = new ConcurrentHashMap<>();

    DeadlineWheel of(EventExecutor loop) {
        return wheels.computeIfAbsent(loop, DeadlineWheel::new);
    }
}

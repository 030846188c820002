package org.rpcward.proxy.server;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.PlatformDependent;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.overload.Beat;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Signal;

/*
 * A process that was stopped, on a machine that slept or was frozen, has had no more to do for that: when it goes on, all
 * clocks have moved and no loop has come round. Whoever watches was stopped with those whom he watches, and so he knows: a
 * gap between two looks of his own is not counted. A loop that is stuck while he comes round is.
 */
/** Lets the event loops beat, and tells {@link Overload} ten times a second what all signals say. */
final class OverloadWatch {
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Two looks further apart than this have a gap between them. Less than what would raise a level. */
    private static final long GAP_NANOS = 5 * PERIOD_NANOS;

    /** What the heap has in use after a collection changes with collections: asked once in so many periods. */
    private static final int HEAP_EVERY = 10;

    private final Overload overload;
    private final DoubleSupplier inFlight;
    private final DoubleSupplier connections;
    private final LongSupplier lost;
    private final Runnable onChange;
    private final LongSupplier clock;
    private final Recurring recurring;
    private final List<Beat> beats = new ArrayList<>();
    private final Map<Signal, Double> values = new EnumMap<>(Signal.class);
    private @Nullable List<MemoryPoolMXBean> heap;
    private int periods;
    private long lookedAt;
    private long watchedSince;

    /**
     * @param inFlight percent of the calls that may wait for backends
     * @param connections percent of the connections that there may be
     * @param lost how many datagrams queues have lost by now, or {@link Overload#UNKNOWN}
     * @param onChange is called when the level is another one, by the thread that found it
     * @param clock nanoseconds, from any beginning
     * @param recurring lets a look that fails be the only one
     */
    OverloadWatch(
            Overload overload,
            DoubleSupplier inFlight,
            DoubleSupplier connections,
            LongSupplier lost,
            Runnable onChange,
            LongSupplier clock,
            Recurring recurring) {
        this.recurring = recurring;
        this.lost = lost;
        this.overload = overload;
        this.inFlight = inFlight;
        this.connections = connections;
        this.onChange = onChange;
        this.clock = clock;
        this.lookedAt = clock.getAsLong();
        this.watchedSince = lookedAt;
    }

    /** @param by the loop that watches the others, and on which {@code inFlight} and {@code connections} are asked */
    void start(EventLoopGroup watched, EventExecutor by) {
        for (EventExecutor loop : watched) {
            Beat beat = watch();
            loop.scheduleWithFixedDelay(
                    () -> beat.beat(clock.getAsLong()), Beat.PERIOD_NANOS, Beat.PERIOD_NANOS, TimeUnit.NANOSECONDS);
        }
        by.scheduleWithFixedDelay(
                recurring.of("overload", this::look), PERIOD_NANOS, PERIOD_NANOS, TimeUnit.NANOSECONDS);
    }

    /** What one more loop is to beat. */
    Beat watch() {
        Beat beat = new Beat(clock.getAsLong());
        beats.add(beat);
        return beat;
    }

    /** A period is over. */
    void look() {
        long now = clock.getAsLong();
        if (now - lookedAt > GAP_NANOS) {
            watchedSince = now;
        }
        lookedAt = now;
        long lag = 0;
        for (Beat beat : beats) {
            lag = Math.max(lag, beat.lagNanos(now, watchedSince));
        }
        values.put(Signal.EVENT_LOOP_LAG, lag / (double) TimeUnit.MILLISECONDS.toNanos(1));
        values.put(Signal.IN_FLIGHT, inFlight.getAsDouble());
        values.put(Signal.CONNECTIONS, connections.getAsDouble());
        values.put(Signal.DIRECT_MEMORY, direct());
        if (++periods % HEAP_EVERY == 0) {
            values.put(Signal.HEAP, heapAfterCollection());
        }
        if (overload.update(values, lost.getAsLong())) {
            onChange.run();
        }
    }

    private static double direct() {
        long most = PlatformDependent.maxDirectMemory();
        long used = PlatformDependent.usedDirectMemory();
        return most <= 0 || used < 0 ? 0 : 100.0 * used / most;
    }

    /** Of the part of the heap that fills up: what lives for a moment only is no sign of anything. */
    private double heapAfterCollection() {
        List<MemoryPoolMXBean> pools = heap;
        if (pools == null) {
            pools = ManagementFactory.getMemoryPoolMXBeans().stream()
                    .filter(p -> p.getType() == MemoryType.HEAP)
                    .filter(p -> p.getName().contains("Tenured") || p.getName().contains("Old"))
                    .toList();
            heap = pools;
        }
        double worst = 0;
        for (MemoryPoolMXBean pool : pools) {
            MemoryUsage after = pool.getCollectionUsage();
            if (after != null && after.getMax() > 0) {
                worst = Math.max(worst, 100.0 * after.getUsed() / after.getMax());
            }
        }
        return worst;
    }
}

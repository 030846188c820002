package org.rpcward.proxy.admin;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Goes through every event loop once a second, so that one that is stuck is noticed. One beat at a time waits at each
 * loop. Thread-safe.
 */
public final class Pulse {
    private static final Duration BEAT = Duration.ofSeconds(1);

    /** A loop that did not come round for so long is stuck. */
    public static final Duration LONGEST = Duration.ofSeconds(5);

    private final List<Loop> loops = new ArrayList<>();
    private final LongSupplier nanoClock;
    private volatile List<Runnable> tasks = List.of();
    private @Nullable Future<?> timer;

    private static final class Loop {
        private final EventExecutor executor;
        private volatile long cameRound;
        private volatile boolean waits;

        Loop(EventExecutor executor, long now) {
            this.executor = executor;
            this.cameRound = now;
        }
    }

    public Pulse(Iterable<? extends EventExecutor> executors, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        long now = nanoClock.getAsLong();
        executors.forEach(executor -> loops.add(new Loop(executor, now)));
    }

    /** Runs something with each beat, on the executor that {@link #start} is given. */
    public synchronized void each(Runnable task) {
        List<Runnable> more = new ArrayList<>(tasks);
        more.add(task);
        tasks = List.copyOf(more);
    }

    /** Begins to beat, from the given executor, which is watched over by nobody. */
    public synchronized void start(EventExecutor from) {
        timer = from.scheduleAtFixedRate(this::beat, BEAT.toMillis(), BEAT.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** One beat. */
    public void beat() {
        for (Loop loop : loops) {
            if (!loop.waits) {
                loop.waits = true;
                try {
                    loop.executor.execute(() -> {
                        loop.cameRound = nanoClock.getAsLong();
                        loop.waits = false;
                    });
                } catch (RejectedExecutionException ended) {
                    // It counts as stuck, which it is.
                }
            }
        }
        tasks.forEach(Runnable::run);
    }

    /** How many loops are stuck. */
    public int stuck() {
        long now = nanoClock.getAsLong();
        return (int) loops.stream()
                .filter(loop -> now - loop.cameRound > LONGEST.toNanos())
                .count();
    }

    public int loops() {
        return loops.size();
    }

    public synchronized void stop() {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}

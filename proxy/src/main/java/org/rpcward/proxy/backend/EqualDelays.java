package org.rpcward.proxy.backend;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Things that fall due a fixed time after they were added. So they fall due in the order in which they came, and one timer
 * of the event loop serves all of them. Of those that are over, no more are kept than of those that may be not. On that
 * loop only.
 *
 * @param <T> what falls due
 */
final class EqualDelays<T> {
    private record Entry<T>(T what, long due) {}

    private final EventLoop loop;
    private final long delay;
    private final int most;
    private final Predicate<T> over;
    private final Consumer<T> then;
    private final ArrayDeque<Entry<T>> entries = new ArrayDeque<>();
    private @Nullable Future<?> timer;

    /** Whether something falls due at this moment: what is added meanwhile does not set the timer, for others come first. */
    private boolean falling;

    /**
     * @param most how many are not over at one time
     * @param over whether something need not fall due any more; once so, it stays so
     * @param then what happens when it falls due
     */
    EqualDelays(EventLoop loop, Duration delay, int most, Predicate<T> over, Consumer<T> then) {
        this.loop = loop;
        this.delay = delay.toNanos();
        this.most = most;
        this.over = over;
        this.then = then;
    }

    void add(T what) {
        if (entries.size() >= 2 * most) {
            // One that nobody answers would keep all that came after it.
            entries.removeIf(entry -> over.test(entry.what));
        }
        entries.add(new Entry<>(what, loop.ticker().nanoTime() + delay));
        setTimer();
    }

    /** Lets go of the oldest that are over. */
    void tidy() {
        Entry<T> oldest = entries.peek();
        while (oldest != null && over.test(oldest.what)) {
            entries.remove();
            oldest = entries.peek();
        }
    }

    /** How many are kept. */
    int size() {
        return entries.size();
    }

    /** Nothing that was added falls due. */
    void clear() {
        entries.clear();
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    /** For the oldest. */
    private void setTimer() {
        Entry<T> oldest = entries.peek();
        if (oldest != null && timer == null && !falling) {
            timer = loop.schedule(this::fall, oldest.due - loop.ticker().nanoTime(), TimeUnit.NANOSECONDS);
        }
    }

    private void fall() {
        timer = null;
        falling = true;
        try {
            tidy();
            Entry<T> oldest = entries.peek();
            while (oldest != null && oldest.due - loop.ticker().nanoTime() <= 0) {
                entries.remove();
                then.accept(oldest.what);
                tidy();
                oldest = entries.peek();
            }
        } finally {
            falling = false;
            setTimer();
        }
    }
}

package org.rpcward.proxy.admin;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Programs;

/*
 * Each event loop counts for itself, for a second; then it hands what it counted over, and begins anew. Where there is
 * more to count than anybody could read, every sixteenth call stands for sixteen. Everything else is done by whoever
 * looks.
 */
/** Who asks most, and for what: in the last seconds, and since the start. Thread-safe. */
final class Top {
    /** Over so many seconds rates are told. */
    static final int SECONDS = 10;

    /** Calls a second and loop that are counted one by one. */
    private static final int COUNTED_EACH = 4096;

    private static final int SAMPLE = 16;

    private final long seed = ThreadLocalRandom.current().nextLong();
    private final List<Shard> shards = new CopyOnWriteArrayList<>();
    private final FastThreadLocal<Shard> ofThread = new FastThreadLocal<>();

    // Guarded by this.
    private final Deque<Window> recent = new ArrayDeque<>();
    private final Window total = new Window(seed);

    /** What was counted in some time. */
    private static final class Window {
        private final Sketch sources;
        private final Sketch programs;

        Window(long seed) {
            sources = new Sketch(seed);
            programs = new Sketch(seed);
        }

        void addAll(Window other) {
            sources.addAll(other.sources);
            programs.addAll(other.programs);
        }

        boolean isEmpty() {
            return sources.isEmpty() && programs.isEmpty();
        }

        void clear() {
            sources.clear();
            programs.clear();
        }
    }

    /** What one event loop counts, on that loop alone but for {@link #ended}. */
    private static final class Shard {
        private final EventExecutor executor;
        private Window counting;
        private Window spare;
        private int seen;
        /** A window that is over, until somebody took it in. */
        private volatile @Nullable Window ended;

        Shard(EventExecutor executor, long seed) {
            this.executor = executor;
            this.counting = new Window(seed);
            this.spare = new Window(seed);
        }

        void count(IpAddress source, boolean namesProgram, int program, boolean denied) {
            int weight = 1;
            if (++seen > COUNTED_EACH) {
                if ((seen & (SAMPLE - 1)) != 0) {
                    return;
                }
                weight = SAMPLE;
            }
            counting.sources.add(source.high(), source.low(), weight, denied ? weight : 0);
            if (namesProgram) {
                counting.programs.add(0, Integer.toUnsignedLong(program), weight, denied ? weight : 0);
            }
        }

        void rotate() {
            seen = 0;
            if (ended == null && !counting.isEmpty()) {
                Window over = counting;
                spare.clear();
                counting = spare;
                spare = over;
                ended = over;
            }
        }
    }

    /**
     * How often something was asked, or asked for.
     *
     * @param perSecond calls a second, over the last {@link #SECONDS}
     * @param deniedPerSecond those of them that were not allowed
     * @param calls since the start; too high by {@code error} at most
     */
    private record Counted(long high, long low, double perSecond, double deniedPerSecond, long calls, long error) {}

    /** Counts a call, on the event loop that it came by. */
    void count(EventExecutor executor, IpAddress source, boolean namesProgram, int program, boolean denied) {
        Shard shard = ofThread.get();
        if (shard == null) {
            shard = new Shard(executor, seed);
            ofThread.set(shard);
            shards.add(shard);
        }
        shard.count(source, namesProgram, program, denied);
    }

    /** A second is over. */
    void tick() {
        Window second = new Window(seed);
        for (Shard shard : shards) {
            Window ended = shard.ended;
            if (ended != null) {
                second.addAll(ended);
                shard.ended = null;
            }
            try {
                shard.executor.execute(shard::rotate);
            } catch (RejectedExecutionException closing) {
                // It counts nothing any more.
            }
        }
        synchronized (this) {
            total.addAll(second);
            recent.addLast(second);
            if (recent.size() > SECONDS) {
                recent.removeFirst();
            }
        }
    }

    List<SourceView> sources(int most) {
        return counted(true, most).stream()
                .map(c -> new SourceView(
                        new IpAddress(c.high(), c.low()).toString(),
                        c.perSecond(),
                        c.deniedPerSecond(),
                        c.calls(),
                        c.error()))
                .toList();
    }

    List<ProgramView> programs(int most) {
        return counted(false, most).stream()
                .map(c -> new ProgramView(
                        nameOf((int) c.low()), c.low(), c.perSecond(), c.deniedPerSecond(), c.calls(), c.error()))
                .toList();
    }

    static String nameOf(int program) {
        Programs.Entry known = Programs.byNumber(program);
        return known == null ? "" : known.name();
    }

    private synchronized List<Counted> counted(boolean sources, int most) {
        Map<List<Long>, long[]> sums = new HashMap<>();
        for (Window window : recent) {
            (sources ? window.sources : window.programs).forEach((high, low, count, denied, error) -> {
                long[] sum = sums.computeIfAbsent(List.of(high, low), k -> new long[4]);
                sum[0] += count - error;
                sum[1] += Math.min(denied, count - error);
            });
        }
        (sources ? total.sources : total.programs).forEach((high, low, count, denied, error) -> {
            long[] sum = sums.computeIfAbsent(List.of(high, low), k -> new long[4]);
            sum[2] = count;
            sum[3] = error;
        });
        List<Counted> all = new ArrayList<>(sums.size());
        sums.forEach((key, sum) -> all.add(
                new Counted(key.get(0), key.get(1), rate(sum[0]), rate(sum[1]), Math.max(sum[2], sum[0]), sum[3])));
        all.sort(Comparator.comparingDouble(Counted::perSecond)
                .thenComparingLong(c -> c.calls() - c.error())
                .reversed());
        return all.subList(0, Math.min(most, all.size()));
    }

    private static double rate(long count) {
        return (double) count / SECONDS;
    }
}

package org.rpcward.proxy.observe;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.RemovalCause;
import com.github.benmanes.caffeine.cache.Scheduler;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;

/*
 * A line for each packet would make the log the weakest part of the proxy. So a source that one rule denies again and
 * again gets one line in a while, which says how many calls it stands for; and since sources can be forged, all denials
 * together get no more than so many lines a second. How many were left out is logged as well.
 *
 *   a denied call -> recent, by hash -> denied, a Caffeine cache
 *
 * Floods pass here with each of their calls. Who came a moment ago is found in a plain array, without a cache's
 * bookkeeping, and in one object; the cache is asked now and then all the same, to know who still comes.
 */
/** Says of what happens again and again whether the log tells it this time. Thread-safe. */
final class Suppression {
    /** Denials told at most in one second, all sources together. */
    private static final int LINES_PER_SECOND = 100;

    /** Sources, each with a rule, whose last line is remembered. */
    private static final int REMEMBERED = 10_000;

    /** How long after its last call a source is remembered at least, so that a line can tell what was left out. */
    private static final Duration REMEMBERED_FOR = Duration.ofMinutes(1);

    /** Places for who came a moment ago; a power of two. Who loses his to another is found in the cache. */
    private static final int RECENT = 4096;

    /** How long the cache is not asked about one of them: a part of what it remembers them for. */
    private static final long RECENT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final IpAddress NOBODY = IpAddress.v4(0);

    private final EventLog log;
    private final LogCounts counts;
    private final LongSupplier nanoClock;
    private final Cache<Key, Denied> denied;
    private final AtomicReferenceArray<@Nullable Denied> recent = new AtomicReferenceArray<>(RECENT);
    private final LongAdder unlogged = new LongAdder();

    // Guarded by this.
    private long second;
    private int linesThisSecond;

    /** The second in which there were as many lines as there may be. */
    private volatile long fullSecond = -1;

    /**
     * What is told once in a while.
     *
     * @param rule of a mistake, where it was met
     * @param slot what was asked, where each question is told by itself; else 0
     * @param program about which program and version, likewise
     */
    record Key(IpAddress source, String rule, int slot, long program) {
        private static final long SEED = new SecureRandom().nextLong();

        Key(IpAddress source, String rule) {
            this(source, rule, 0, 0);
        }

        /** For mistakes of rpcward's own, whoever met them. */
        static Key ofMistake(String where) {
            return new Key(NOBODY, where);
        }

        private boolean isMistake() {
            return source.equals(NOBODY);
        }

        /** Keyed: whoever has a network of IPv6 to ask from could choose sources that all fall together. */
        @Override
        public int hashCode() {
            long ofSource = IpAddress.hash(source.high(), source.low(), SEED);
            return 31 * (int) IpAddress.hash(ofSource, program, SEED + slot) + rule.hashCode();
        }
    }

    /** When a source's denials by one rule were told last, and how many were not since; guarded by itself. */
    private static final class Denied {
        static final long LEFT_OUT = -1;
        static final long FORGOTTEN = -2;

        // What the key says, once more: each object that is reached for is another line of the cache.
        private final long sourceHigh;
        private final long sourceLow;
        private final long program;
        private final int slot;
        private final String rule;
        private final Duration kept;
        private volatile long foundAt;
        private long toldAt;
        private boolean told;
        private boolean forgotten;
        private long suppressed;

        /** @param oneIn nanoseconds in which it is told once: forgotten earlier, it would be told more often */
        Denied(Key key, long oneIn) {
            this.sourceHigh = key.source.high();
            this.sourceLow = key.source.low();
            this.program = key.program;
            this.slot = key.slot;
            this.rule = key.rule;
            this.kept = Duration.ofNanos(Math.max(oneIn, REMEMBERED_FOR.toNanos()) + RECENT_NANOS);
        }

        boolean isOf(Key key) {
            return sourceLow == key.source.low()
                    && sourceHigh == key.source.high()
                    && program == key.program
                    && slot == key.slot
                    && rule.equals(key.rule);
        }

        /** How many were left out since the last one was told; {@link #LEFT_OUT} or {@link #FORGOTTEN} if so. */
        synchronized long take(long oneIn, long now) {
            if (forgotten) {
                return FORGOTTEN;
            }
            if (told && now - toldAt < oneIn) {
                suppressed++;
                return LEFT_OUT;
            }
            told = true;
            toldAt = now;
            long taken = suppressed;
            suppressed = 0;
            return taken;
        }

        /** Not told after all: its next call may be, as soon as there is room. */
        synchronized void giveBack(long taken) {
            told = false;
            suppressed += taken;
        }

        synchronized long suppressed() {
            return suppressed;
        }

        /** It counts no more; returns how many are left to be told of. */
        synchronized long forget() {
            forgotten = true;
            return suppressed;
        }
    }

    /** @param log takes the lines about what was left out */
    Suppression(EventLog log, LogCounts counts, LongSupplier nanoClock) {
        this.log = log;
        this.counts = counts;
        this.nanoClock = nanoClock;
        this.denied = Caffeine.newBuilder()
                .maximumSize(REMEMBERED)
                .expireAfter(Expiry.<Key, Denied>accessing((key, entry) -> entry.kept))
                .ticker(nanoClock::getAsLong)
                .scheduler(Scheduler.systemScheduler())
                .removalListener(this::forgotten)
                .build();
    }

    /**
     * How many of a kind were left out since the last one was told; -1 when this one is to be left out too.
     *
     * @param oneIn nanoseconds in which one of the kind is told
     */
    long mayTell(Key key, long oneIn) {
        long now = nanoClock.getAsLong();
        if (second(now) == fullSecond) {
            // Then who it is about is not looked at any more: a flood from ever new sources costs as little as
            // possible.
            leaveOut(1);
            return Denied.LEFT_OUT;
        }
        int place = key.hashCode() & (RECENT - 1);
        Denied entry = recent.getAcquire(place);
        long suppressed = entry != null && now - entry.foundAt < RECENT_NANOS && entry.isOf(key)
                ? entry.take(oneIn, now)
                : Denied.FORGOTTEN;
        if (suppressed == Denied.FORGOTTEN) {
            entry = remembered(key, oneIn);
            suppressed = entry.take(oneIn, now);
            entry.foundAt = now;
            recent.setRelease(place, entry);
        }
        if (suppressed < 0) {
            counts.repeated();
            return Denied.LEFT_OUT;
        }
        if (mayWrite(1)) {
            return suppressed;
        }
        entry.giveBack(suppressed);
        return Denied.LEFT_OUT;
    }

    private Denied remembered(Key key, long oneIn) {
        return denied.get(key, k -> new Denied(k, oneIn));
    }

    /** @param events how many the line would tell of, which are left out otherwise */
    private synchronized boolean mayWrite(long events) {
        long now = second(nanoClock.getAsLong());
        if (now != second) {
            second = now;
            linesThisSecond = 0;
            long missing = unlogged.sumThenReset();
            if (missing > 0) {
                Map<String, Object> event = log.event("log");
                event.put("suppressed", missing);
                event.put("reason", "too many sources to tell each");
                log.write(event);
            }
        }
        if (linesThisSecond >= LINES_PER_SECOND) {
            fullSecond = now;
            leaveOut(events);
            return false;
        }
        linesThisSecond++;
        return true;
    }

    private void leaveOut(long events) {
        unlogged.add(events);
        counts.unlogged();
    }

    private static long second(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos);
    }

    private void forgotten(@Nullable Key key, @Nullable Denied entry, RemovalCause cause) {
        if (key == null || entry == null) {
            return;
        }
        long suppressed = entry.forget();
        if (suppressed > 0 && mayWrite(suppressed)) {
            boolean mistake = key.isMistake();
            Map<String, Object> event = log.event(mistake ? "failure" : "suppressed");
            if (!mistake) {
                event.put("source", key.source().toString());
            }
            event.put(mistake ? "stack" : "rule", key.rule());
            event.put("suppressed", suppressed);
            log.write(event);
        }
    }

    /** How many were left out and are not told of yet. */
    long untold() {
        long suppressed = unlogged.sum();
        for (Denied entry : denied.asMap().values()) {
            suppressed += entry.suppressed();
        }
        return suppressed;
    }
}

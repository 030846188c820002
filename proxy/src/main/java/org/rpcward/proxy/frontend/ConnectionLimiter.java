package org.rpcward.proxy.frontend;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.overload.Overload;

/*
 * Counts are exact: a source and a prefix have an entry for as long as they have a connection. Their rates must be known
 * a little longer, or closing would be a way round them: an entry stays until its rate has recovered, which takes as long
 * as its burst at most. New entries come no faster than `new_per_second` lets connections in, so the tables hold no more
 * than the open connections and those let in within that time.
 *
 * The rate of an entry is one number, the time at which it would have recovered: a bucket object for each would cost more
 * than the rest of the entry.
 */
/**
 * The one door for the connections of all listeners: counts them in all and by listener, source and prefix, and lets in
 * as many as the policy and the descriptors of the process allow. Sources that no rule names get half at most, of the
 * connections as well as of the new ones, so that they cannot keep the others out. Thread-safe.
 */
public final class ConnectionLimiter {
    /** In seconds: so long may new connections be saved up. */
    private static final int ORIGIN_BURST = 5;

    private static final int BURST = 2;

    /** From this level of overload on, no connections of strangers are let in. */
    private static final int NO_STRANGERS = Overload.NO_QUESTIONS;

    private static final int SWEPT_AT_ONCE = 8;
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Map<IpAddress, Origin> sources = new HashMap<>();
    private final Map<IpAddress, Origin> prefixes = new HashMap<>();
    private final Map<String, Door> doors = new HashMap<>();
    private final ArrayDeque<Origin> resting = new ArrayDeque<>();
    private final Map<CloseReason, LongAdder> closings = counters(CloseReason.class);
    private final LongSupplier clock;
    private final IntSupplier overloadLevel;
    private volatile int most = Integer.MAX_VALUE;
    private int open;
    private int strangers;

    /** The connections of one source or one prefix, and when its rate will have recovered. */
    private static final class Origin {
        private final Map<IpAddress, Origin> table;
        private final IpAddress address;
        private int open;
        private long recoveredAt;
        private boolean resting;

        Origin(Map<IpAddress, Origin> table, IpAddress address, long now) {
            this.table = table;
            this.address = address;
            this.recoveredAt = now;
        }

        boolean isTooFast(int perSecond, long now) {
            return recoveredAt - now > ORIGIN_BURST * SECOND - SECOND / perSecond;
        }

        void enter(int perSecond, long now) {
            open++;
            recoveredAt = Math.max(recoveredAt, now) + SECOND / perSecond;
        }
    }

    /** The connections of one listener. */
    private static final class Door {
        private final LongSupplier clock;
        private final Map<Admission, LongAdder> admissions = counters(Admission.class);
        private int perSecond;
        private Bucket forAll;
        private Bucket forStrangers;
        private int open;
        private int strangers;

        Door(int perSecond, LongSupplier clock) {
            this.clock = clock;
            this.perSecond = perSecond;
            this.forAll = bucket(perSecond, clock);
            this.forStrangers = bucket(half(perSecond), clock);
        }

        /** Takes over what a new policy says. */
        void rate(int newPerSecond) {
            if (newPerSecond != perSecond) {
                perSecond = newPerSecond;
                forAll = bucket(newPerSecond, clock);
                forStrangers = bucket(half(newPerSecond), clock);
            }
        }

        private static Bucket bucket(int perSecond, LongSupplier clock) {
            return Bucket.builder()
                    .addLimit(limit ->
                            limit.capacity((long) BURST * perSecond).refillGreedy(perSecond, Duration.ofSeconds(1)))
                    .withCustomTimePrecision(new Meter(clock))
                    .build();
        }

        boolean mayTakeOne(boolean known) {
            return forAll.getAvailableTokens() > 0 && (known || forStrangers.tryConsume(1)) && forAll.tryConsume(1);
        }
    }

    private record Meter(LongSupplier clock) implements TimeMeter {
        @Override
        public long currentTimeNanos() {
            return clock.getAsLong();
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }
    }

    /** The place of one connection; to be left once, at its end. */
    public final class Seat {
        private final Door door;
        private final Origin source;
        private final Origin prefix;
        private final boolean known;

        private Seat(Door door, Origin source, Origin prefix, boolean known) {
            this.door = door;
            this.source = source;
            this.prefix = prefix;
            this.known = known;
        }

        public IpAddress source() {
            return source.address;
        }

        /** Whether a rule named the source when the connection began. */
        public boolean isKnown() {
            return known;
        }

        public void leave(CloseReason reason) {
            count(closings, reason);
            ConnectionLimiter.this.leave(this);
        }
    }

    /**
     * @param clock nanoseconds, from any beginning
     * @param overloadLevel from 0 to 4
     */
    public ConnectionLimiter(LongSupplier clock, IntSupplier overloadLevel) {
        this.clock = clock;
        this.overloadLevel = overloadLevel;
    }

    private static <E extends Enum<E>> Map<E, LongAdder> counters(Class<E> kinds) {
        Map<E, LongAdder> counters = new EnumMap<>(kinds);
        for (E kind : kinds.getEnumConstants()) {
            counters.put(kind, new LongAdder());
        }
        return counters;
    }

    private static <E> void count(Map<E, LongAdder> counters, E kind) {
        LongAdder counter = counters.get(kind);
        if (counter != null) {
            counter.increment();
        }
    }

    /** From now on, no more than this for all listeners together. */
    public void capAt(int connections) {
        most = connections;
    }

    /** How many there may be for all listeners together. */
    public int cap() {
        return most;
    }

    /**
     * A place for one more connection, or null if there is none.
     *
     * @param known whether a rule names the source
     */
    public synchronized @Nullable Seat enter(
            String listener, ListenerPolicy.Tcp limits, IpAddress source, boolean known) {
        sweep();
        Door door = door(listener, limits);
        Admission admission = admission(door, limits, sources.get(source), prefixes.get(prefix(source)), known);
        count(door.admissions, admission);
        return admission == Admission.ACCEPTED ? take(door, limits, source, known) : null;
    }

    /** Counts a connection that was turned away because its source is banned. */
    public synchronized void banned(String listener, ListenerPolicy.Tcp limits) {
        count(door(listener, limits).admissions, Admission.BANNED);
    }

    private Door door(String listener, ListenerPolicy.Tcp limits) {
        Door door = doors.computeIfAbsent(listener, l -> new Door(limits.newPerSecond(), clock));
        door.rate(limits.newPerSecond());
        return door;
    }

    private Admission admission(
            Door door, ListenerPolicy.Tcp limits, @Nullable Origin source, @Nullable Origin prefix, boolean known) {
        long now = clock.getAsLong();
        if (!known && overloadLevel.getAsInt() >= NO_STRANGERS) {
            return Admission.OVERLOAD;
        }
        if (source != null && source.open >= limits.maxPerSource()) {
            return Admission.PER_SOURCE_LIMIT;
        }
        if (prefix != null && prefix.open >= limits.maxPerPrefix()) {
            return Admission.PER_PREFIX_LIMIT;
        }
        if (door.open >= limits.maxConnections()) {
            return Admission.GLOBAL_LIMIT;
        }
        if (open >= most) {
            return Admission.DESCRIPTOR_LIMIT;
        }
        if (!known && (door.strangers >= half(limits.maxConnections()) || strangers >= half(most))) {
            return Admission.STRANGERS_LIMIT;
        }
        if (source != null && source.isTooFast(limits.newPerSource(), now)) {
            return Admission.RATE_LIMIT;
        }
        if (prefix != null && prefix.isTooFast(limits.newPerPrefix(), now)) {
            return Admission.PER_PREFIX_RATE_LIMIT;
        }
        return door.mayTakeOne(known) ? Admission.ACCEPTED : Admission.GLOBAL_RATE_LIMIT;
    }

    private Seat take(Door door, ListenerPolicy.Tcp limits, IpAddress address, boolean known) {
        long now = clock.getAsLong();
        Origin source = sources.computeIfAbsent(address, a -> new Origin(sources, a, now));
        Origin prefix = prefixes.computeIfAbsent(prefix(address), p -> new Origin(prefixes, p, now));
        source.enter(limits.newPerSource(), now);
        prefix.enter(limits.newPerPrefix(), now);
        open++;
        door.open++;
        if (!known) {
            strangers++;
            door.strangers++;
        }
        return new Seat(door, source, prefix, known);
    }

    private synchronized void leave(Seat seat) {
        open--;
        seat.door.open--;
        if (!seat.known) {
            strangers--;
            seat.door.strangers--;
        }
        leave(seat.source);
        leave(seat.prefix);
        sweep();
    }

    private void leave(Origin origin) {
        if (--origin.open == 0 && !origin.resting) {
            origin.resting = true;
            resting.add(origin);
        }
    }

    /** Forgets sources and prefixes without connections whose rate has recovered. */
    private void sweep() {
        for (int i = 0; i < SWEPT_AT_ONCE; i++) {
            Origin first = resting.peek();
            if (first == null || (first.open == 0 && first.recoveredAt - clock.getAsLong() > 0)) {
                return;
            }
            resting.remove();
            first.resting = false;
            if (first.open == 0) {
                first.table.remove(first.address);
            }
        }
    }

    private static int half(int of) {
        return Math.max(1, of / 2);
    }

    /** The /24 or /56 of an address. */
    private static IpAddress prefix(IpAddress address) {
        return address.isV4()
                ? new IpAddress(address.high(), address.low() & ~0xffL)
                : new IpAddress(address.high() & ~0xffL, 0);
    }

    /** How many are open. */
    public synchronized int open() {
        return open;
    }

    /** How many are open, by listener. */
    public synchronized Map<String, Integer> openByListener() {
        Map<String, Integer> byListener = new HashMap<>();
        doors.forEach((listener, door) -> byListener.put(listener, door.open));
        return byListener;
    }

    /** Forgets the listeners that a reload has taken away, once their connections have ended. */
    public synchronized void retain(Collection<String> listeners) {
        doors.entrySet().removeIf(e -> !listeners.contains(e.getKey()) && e.getValue().open == 0);
    }

    /** How many connections to a listener met this at the door. */
    public synchronized long admitted(String listener, Admission admission) {
        Door door = doors.get(listener);
        LongAdder counter = door == null ? null : door.admissions.get(admission);
        return counter == null ? 0 : counter.sum();
    }

    /** How many connections ended for this reason. */
    public long closed(CloseReason reason) {
        LongAdder counter = closings.get(reason);
        return counter == null ? 0 : counter.sum();
    }
}

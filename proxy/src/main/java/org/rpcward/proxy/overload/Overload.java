package org.rpcward.proxy.overload;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/*
 *   level  what is left undone
 *     1    calls over UDP from newcomers, that is sources without recent answers, except for a trickle; from every other
 *          source, what exceeds its share; samples of allowed calls in the log
 *     2    asking backends for newcomers, who get what is already known; new connections from sources that no rule names
 *     3    everything for sources that no rule names; their idle connections are closed
 *     4    all newcomers over UDP
 *
 * A source over UDP may be forged. One that is forged well enough to become established gets one client's share, no more.
 * Where every datagram of a flood has a different source, the trickle lets in so few of them that hardly any source comes
 * back. A client that keeps asking is back within moments, is let in ahead of those that are not, and is established after
 * a few calls.
 */
/** Whether there is too much to do, and whom to turn away then. At level 0 it costs a call one volatile read. Thread-safe. */
public final class Overload {
    /** The highest level. */
    public static final int TOP = Ladder.TOP;

    /** From this level on, samples of allowed calls are not logged, and newcomers over UDP are let in at a trickle. */
    public static final int TRICKLE = 1;

    /** From this level on, backends are not asked for newcomers over UDP, and strangers cannot connect. */
    public static final int NO_QUESTIONS = 2;

    /** From this level on, sources that no rule names get nothing. */
    public static final int NAMED_ONLY = 3;

    /** At this level newcomers over UDP get nothing, in audit mode too: rpcward is about to die of them. */
    public static final int ESTABLISHED_ONLY = 4;

    /** In place of a count: nothing here counts what queues lose. */
    public static final long UNKNOWN = -1;

    /** How long a flood may have lasted before it was noticed: one that takes longer to be too much fills no queues. */
    static final Duration BEFORE_A_FLOOD = Duration.ofSeconds(2);

    /** A flood that comes back sooner is the same flood. */
    private static final long FLOOD_PAUSE = TimeUnit.MINUTES.toNanos(1);

    private static final int SOURCES = 1 << 16;

    /** If fewer than this are lost between two updates, that is chance. */
    private static final int LOST_AT_ONCE = 10;

    /** Losing counts as over after this long without a loss. */
    private static final long LOSS_PAUSE = TimeUnit.MILLISECONDS.toNanos(500);

    /** The most newcomers that are let in each second. */
    private static final int NEWCOMERS = 2000;

    /** The most newcomers seen a moment ago that are let in each second on top of those. */
    private static final int COMING_AGAIN = 4000;

    /** Below level 1 one answer in so many is noted: a client that asks seldom needs no more than the trickle. */
    private static final int NOTED_ONE_IN = 16;

    private final LongSupplier clock;
    private final Established established = new Established(SOURCES);
    private final long seed = new SecureRandom().nextLong();
    private final Newcomers newcomers = new Newcomers();
    private final Trickle letIn;
    private final Trickle letInAgain;
    private final LongAdder[][] shed = new LongAdder[TOP + 1][Shed.values().length];
    private final List<Backlog> backlogs = new CopyOnWriteArrayList<>();
    private final Ladder ladder;
    private long shedBefore;
    private long updatedAt;
    private long lostBefore;
    private long lossBegan;
    private long lossSeen;
    private long floodEnded;
    private volatile long floodBegan;
    private volatile int level;
    private volatile State state;
    private volatile Map<Signal, Double> signals = Map.of();

    /**
     * How things stand.
     *
     * @param reason the signal that raised the level, or null when it is 0
     * @param value what that signal said then, in its own unit
     * @param secondsIn how long each level was held in all
     */
    public record State(int level, @Nullable Signal reason, double value, List<Double> secondsIn) {}

    /** @param clock nanoseconds, from any beginning */
    public Overload(LongSupplier clock) {
        this.clock = clock;
        long now = clock.getAsLong();
        this.letIn = new Trickle(NEWCOMERS, now);
        this.letInAgain = new Trickle(COMING_AGAIN, now);
        this.updatedAt = now;
        this.lossSeen = now - LOSS_PAUSE - 1;
        this.floodEnded = now - FLOOD_PAUSE - 1;
        this.ladder = new Ladder(now);
        for (LongAdder[] ofLevel : shed) {
            for (int i = 0; i < ofLevel.length; i++) {
                ofLevel[i] = new LongAdder();
            }
        }
        this.state = stateNow();
    }

    /** From 0, all is well, to {@link #TOP}. */
    public int level() {
        return level;
    }

    /** As of the last {@link #update}. */
    public State state() {
        return state;
    }

    /** What a signal said at the last {@link #update}, in its own unit; 0 when it said nothing. */
    public double signal(Signal signal) {
        return signals.getOrDefault(signal, 0.0);
    }

    /** Calls turned away at a level for a reason. */
    @SuppressWarnings("EnumOrdinal") // places of this run
    public long shed(int atLevel, Shed why) {
        return shed[atLevel][why.ordinal()].sum();
    }

    /** Calls turned away since the start. */
    public long shed() {
        long all = 0;
        for (LongAdder[] ofLevel : shed) {
            for (LongAdder adder : ofLevel) {
                all += adder.sum();
            }
        }
        return all;
    }

    /** From now on, a queue that is never read empty counts. */
    public void watch(Backlog backlog) {
        backlogs.add(backlog);
    }

    public void forget(Backlog backlog) {
        backlogs.remove(backlog);
    }

    /**
     * Takes in what the signals say, and adds those that can be seen from here. Called by one thread, several times a second.
     *
     * @param others the signals that come from elsewhere
     * @param lost how many datagrams were lost by now because queues were full, or {@link #UNKNOWN}
     * @return whether the level has changed
     */
    public boolean update(Map<Signal, Double> others, long lost) {
        long now = clock.getAsLong();
        Map<Signal, Double> values = new EnumMap<>(Signal.class);
        values.putAll(others);
        long longest = 0;
        for (Backlog backlog : backlogs) {
            longest = Math.max(longest, backlog.nanos(now));
        }
        long standing = Math.min(longest, losing(now, lost));
        values.put(Signal.RECEIVE_QUEUE, standing / (double) TimeUnit.MILLISECONDS.toNanos(1));
        long shedNow = shed();
        double seconds = Math.max(1, now - updatedAt) / (double) TimeUnit.SECONDS.toNanos(1);
        values.put(Signal.SHED, (shedNow - shedBefore) / seconds);
        shedBefore = shedNow;
        updatedAt = now;
        boolean changed = ladder.update(now, values);
        signals = Map.copyOf(values);
        state = stateNow();
        noteFlood(now, ladder.level());
        level = ladder.level();
        return changed;
    }

    private void noteFlood(long now, int next) {
        if (level == 0 && next > 0 && now - floodEnded > FLOOD_PAUSE) {
            floodBegan = now;
        } else if (level > 0 && next == 0) {
            floodEnded = now;
        }
    }

    /** For how long queues have been losing calls, without a pause. */
    private long losing(long now, long lost) {
        if (lost == UNKNOWN) {
            return Long.MAX_VALUE;
        }
        if (lost - lostBefore >= LOST_AT_ONCE) {
            if (now - lossSeen > LOSS_PAUSE) {
                lossBegan = updatedAt;
            }
            lossSeen = now;
        }
        lostBefore = lost;
        return now - lossSeen > LOSS_PAUSE ? 0 : now - lossBegan;
    }

    private State stateNow() {
        List<Double> secondsIn = new ArrayList<>();
        for (int i = 0; i <= TOP; i++) {
            secondsIn.add(ladder.nanosIn(i) / (double) TimeUnit.SECONDS.toNanos(1));
        }
        int now = ladder.level();
        return new State(now, now == 0 ? null : ladder.reason(), ladder.reasonValue(), List.copyOf(secondsIn));
    }

    /**
     * Whether a call is turned away, which is counted; null lets it in. Only to be asked above level 0.
     *
     * @param named whether a rule names the source
     */
    public @Nullable Shed shed(IpAddress source, Transport transport, boolean named) {
        int now = level;
        Shed why = !named && now >= NAMED_ONLY
                ? Shed.UNNAMED
                : transport == Transport.UDP ? shedDatagram(source, now) : null;
        if (why != null) {
            count(now, why);
        }
        return why;
    }

    private @Nullable Shed shedDatagram(IpAddress source, int now) {
        long nanos = clock.getAsLong();
        long hash = hash(source);
        return switch (established.arrives(hash, nanos)) {
            case ESTABLISHED -> null;
            case GREEDY -> Shed.GREEDY;
            case NEWCOMER -> now < ESTABLISHED_ONLY && isLetIn(hash, nanos) ? null : Shed.NEWCOMER;
        };
    }

    private boolean isLetIn(long hash, long nanos) {
        return (newcomers.comesAgain(hash, nanos) && letInAgain.lets(nanos)) || letIn.lets(nanos);
    }

    @SuppressWarnings("EnumOrdinal") // places of this run
    private void count(int atLevel, Shed why) {
        shed[atLevel][why.ordinal()].increment();
    }

    /** Whether backends are not to be asked for a call that was let in. */
    public boolean answersFromMemory(IpAddress source, Transport transport) {
        return level >= NO_QUESTIONS
                && transport == Transport.UDP
                && !established.knows(hash(source), clock.getAsLong());
    }

    /** A call over UDP was answered. */
    public void answered(IpAddress source) {
        if (level > 0 || ThreadLocalRandom.current().nextInt(NOTED_ONE_IN) == 0) {
            established.answered(source, hash(source), clock.getAsLong());
        }
    }

    /**
     * Sources of one family over UDP that had answers lately, and are to be heard whatever the others send. None at level
     * 0, where all are heard.
     *
     * @param most how many there may be: those who have been here longest
     */
    public List<IpAddress> regulars(boolean v4, int most) {
        return regulars(v4, most, clock.getAsLong());
    }

    /** Those of them who had answers before there was too much to do, and so did not come with the flood. */
    public List<IpAddress> regularsFromBefore(boolean v4, int most) {
        return regulars(v4, most, floodBegan - BEFORE_A_FLOOD.toNanos());
    }

    private List<IpAddress> regulars(boolean v4, int most, long since) {
        return level == 0 ? List.of() : established.regulars(v4, most, clock.getAsLong(), since);
    }

    private long hash(IpAddress source) {
        return IpAddress.hash(source.high(), source.low(), seed);
    }
}

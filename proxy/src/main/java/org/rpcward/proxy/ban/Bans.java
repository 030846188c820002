package org.rpcward.proxy.ban;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BanPolicy;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/*
 * A ban ends at its nanosecond, because every look at the table compares the time; the wheel only takes away what has
 * ended, and tells of it. Time runs by the clock that cannot be set; the clock on the wall is asked only for what
 * people read and for what is kept over a restart.
 *
 * Everything automatic is bounded and makes room by itself: by the ban that would end first, by the source that has not
 * been heard of for longest. What an administrator asks for is bounded too, and refused when it is too much.
 */
/** Who is banned. Thread-safe; {@link #covers} waits for nobody but a change of the table that is under way. */
public final class Bans {
    /** Automatic bans at one time. */
    public static final int MAX_AUTOMATIC = 10_000;

    /** Bans by an administrator at one time. */
    public static final int MAX_MANUAL = 10_000;

    public static final Duration LONGEST_MANUAL = Duration.ofDays(365);

    /** The widest prefixes that are banned without being forced. */
    public static final int WIDEST_V4 = 8;

    public static final int WIDEST_V6 = 16;

    /** How long sources of a prefix that an administrator unbanned are not banned automatically again. */
    public static final Duration PARDON = Duration.ofHours(1);

    /** The reason of bans that points bring. */
    public static final String ENUMERATION = "enumeration";

    private static final int MAX_REASON = 200;

    private final LongSupplier nanoClock;
    private final InstantSource wallClock;
    private final Predicate<IpAddress> ours;
    private final BanObserver observer;

    // Changed under the lock of this.
    private final InForce inForce;
    private final Offenders offenders;
    private final Pardons pardons = new Pardons();
    private boolean changed;

    private final LongAdder startedAutomatic = new LongAdder();
    private final LongAdder startedManual = new LongAdder();
    private final LongAdder evicted = new LongAdder();
    private final Map<Ban.Kind, LongAdder> calls = perKind();
    private final Map<Ban.Kind, LongAdder> connections = perKind();

    /**
     * What {@link #unban} did.
     *
     * @param lifted the bans that ended
     * @param staying bans that still reach addresses of the prefix
     */
    public record Unbanned(List<Ban> lifted, List<Ban> staying) {
        public Unbanned {
            lifted = List.copyOf(lifted);
            staying = List.copyOf(staying);
        }
    }

    /**
     * @param random for the seed of the table, and for jitter
     * @param ours recognises the addresses of this host, which are never banned automatically
     */
    public Bans(
            LongSupplier nanoClock,
            InstantSource wallClock,
            RandomGenerator random,
            Predicate<IpAddress> ours,
            BanObserver observer) {
        this.nanoClock = nanoClock;
        this.wallClock = wallClock;
        this.ours = ours;
        this.observer = observer;
        this.inForce = new InForce(random.nextLong(), nanoClock.getAsLong());
        this.offenders = new Offenders(random);
    }

    private static Map<Ban.Kind, LongAdder> perKind() {
        return Map.of(Ban.Kind.AUTOMATIC, new LongAdder(), Ban.Kind.MANUAL, new LongAdder());
    }

    private static LongAdder of(Map<Ban.Kind, LongAdder> counts, Ban.Kind kind) {
        return Objects.requireNonNull(counts.get(kind));
    }

    /** Whether a source is banned now. Where nobody is, that costs next to nothing. */
    public boolean covers(IpAddress source) {
        return covering(source) != null;
    }

    /** Of what kind the ban of a source is, or null when it has none. Where nobody is banned, that costs next to nothing. */
    public Ban.@Nullable Kind covering(IpAddress source) {
        if (inForce.isEmpty()) {
            return null;
        }
        BanTable.Entry entry = inForce.find(source, nanoClock.getAsLong());
        if (entry == null) {
            return null;
        }
        entry.hits.incrementAndGet();
        return entry.kind;
    }

    /** Counts a call that a ban of this kind turned away. */
    public void countCall(Ban.Kind kind) {
        of(calls, kind).increment();
    }

    /** Counts a connection that a ban of this kind turned away. */
    public void countConnection(Ban.Kind kind) {
        of(connections, kind).increment();
    }

    /**
     * Bans a prefix, as an administrator does: in the place of a ban of the same prefix, if there is one.
     *
     * @param length 1 second to {@link #LONGEST_MANUAL}
     * @param reason for the log and for those who come later; only its beginning is kept if it is long
     * @param force also one that is wider than {@link #WIDEST_V4} or {@link #WIDEST_V6}
     * @throws BanRefusedException when it cannot be; the message says why
     */
    public synchronized Ban ban(AddressPrefix prefix, Duration length, String reason, boolean force)
            throws BanRefusedException {
        tick();
        int widest = prefix.first().isV4() ? WIDEST_V4 : WIDEST_V6;
        if (prefix.length() < widest && !force) {
            throw new BanRefusedException(
                    prefix + " is wider than /" + widest + ": 'rpcward ctl ban --force' bans it all the same");
        }
        if (length.compareTo(Duration.ofSeconds(1)) < 0 || length.compareTo(LONGEST_MANUAL) > 0) {
            throw new BanRefusedException("a ban lasts from 1s to " + LONGEST_MANUAL.toDays() + "d");
        }
        BanTable.Entry before = inForce.of(prefix);
        if (isFull(Ban.Kind.MANUAL) && (before == null || before.kind != Ban.Kind.MANUAL)) {
            throw new BanRefusedException("there are " + MAX_MANUAL + " bans by hand, and there can be no more");
        }
        String kept = reason.length() > MAX_REASON ? reason.substring(0, MAX_REASON) : reason;
        return begin(entry(prefix, Ban.Kind.MANUAL, kept, "", length, 0));
    }

    /**
     * Lifts the ban of just this prefix, and every automatic one inside it. Sources of the prefix are not banned
     * automatically for a while, and what they did before is forgotten.
     */
    public synchronized Unbanned unban(AddressPrefix prefix) {
        tick();
        List<Ban> lifted = new ArrayList<>();
        List<Ban> staying = new ArrayList<>();
        for (BanTable.Entry entry : inForce.sorted(nanoClock.getAsLong(), e -> e.prefix.overlaps(prefix))) {
            boolean inside = entry.kind == Ban.Kind.AUTOMATIC && prefix.contains(entry.prefix);
            if (inside || entry.prefix.equals(prefix)) {
                lifted.add(end(entry, Ban.End.LIFTED));
            } else {
                staying.add(view(entry));
            }
        }
        offenders.forgive(prefix);
        pardons.grant(prefix, nanoClock.getAsLong() + PARDON.toNanos());
        changed = true;
        observer.pardoned(prefix);
        return new Unbanned(lifted, staying);
    }

    /** The bans in force, those that end first before the others. */
    public synchronized List<Ban> list() {
        long now = nanoClock.getAsLong();
        return inForce.sorted(now, e -> e.endNanos - now > 0).stream()
                .map(this::view)
                .toList();
    }

    /**
     * A source did over TCP what brings a ban, unless it is one that nothing bans of itself.
     *
     * @param evidence what it did, in words
     * @return null when it is not banned by this
     */
    public synchronized @Nullable Ban offended(IpAddress source, String evidence, BanPolicy policy) {
        tick();
        long now = nanoClock.getAsLong();
        if (isSpared(source, policy.never(), now) || inForce.find(source, now) != null) {
            return null;
        }
        AddressPrefix prefix = new AddressPrefix(source, source.bits());
        Offenders.Next next = offenders.count(prefix, policy, now);
        if (isFull(Ban.Kind.AUTOMATIC)) {
            makeRoom();
        }
        return begin(entry(prefix, Ban.Kind.AUTOMATIC, ENUMERATION, evidence, next.length(), next.offence()));
    }

    private boolean isSpared(IpAddress source, AddressSet never, long now) {
        return never.contains(source) || pardons.covers(source, now) || ours.test(source);
    }

    /** Lifts the automatic bans of sources that a new policy never bans. */
    public synchronized void spare(AddressSet never) {
        inForce.sorted(nanoClock.getAsLong(), e -> e.kind == Ban.Kind.AUTOMATIC && never.contains(e.prefix.first()))
                .forEach(e -> end(e, Ban.End.NEVER));
    }

    /** Takes away what has ended. To be called about once a second; what has ended has no effect before that either. */
    public synchronized void tick() {
        long now = nanoClock.getAsLong();
        inForce.advance(now, entry -> ended(entry, Ban.End.EXPIRED));
        offenders.tick(now);
        pardons.tick(now);
    }

    private void makeRoom() {
        BanTable.Entry first = inForce.firstAutomatic();
        if (first != null) {
            evicted.increment();
            end(first, Ban.End.FULL);
        }
    }

    private BanTable.Entry entry(
            AddressPrefix prefix, Ban.Kind kind, String reason, String evidence, Duration length, int offence) {
        long nanos = length.toNanos();
        return new BanTable.Entry(prefix, kind, reason, evidence, nanos, nanoClock.getAsLong() + nanos, offence);
    }

    private Ban begin(BanTable.Entry entry) {
        add(entry);
        (entry.kind == Ban.Kind.AUTOMATIC ? startedAutomatic : startedManual).increment();
        Ban ban = view(entry);
        observer.banned(ban);
        return ban;
    }

    private void add(BanTable.Entry entry) {
        inForce.add(entry);
        changed = true;
    }

    private Ban end(BanTable.Entry entry, Ban.End end) {
        inForce.remove(entry);
        return ended(entry, end);
    }

    private Ban ended(BanTable.Entry entry, Ban.End end) {
        changed = true;
        Ban ban = view(entry);
        observer.unbanned(ban, end);
        return ban;
    }

    private boolean isFull(Ban.Kind kind) {
        return inForce.count(kind) >= (kind == Ban.Kind.AUTOMATIC ? MAX_AUTOMATIC : MAX_MANUAL);
    }

    private Ban view(BanTable.Entry entry) {
        return new Ban(
                entry.prefix,
                entry.kind,
                entry.reason,
                entry.evidence,
                Duration.ofNanos(entry.lengthNanos),
                onTheWall(entry.endNanos),
                entry.offence,
                entry.hits.get());
    }

    private Instant onTheWall(long nanos) {
        return wallClock.instant().plusNanos(nanos - nanoClock.getAsLong());
    }

    /**
     * Takes over what was kept over a restart. What has ended meanwhile is left out, and nothing lasts longer than it
     * was to last in all, whatever the clock on the wall says now. Nothing of it is told.
     */
    public synchronized void restore(BanStore.Kept kept) {
        long now = nanoClock.getAsLong();
        Instant wall = wallClock.instant();
        for (Ban ban : kept.bans()) {
            Duration left = left(wall, ban.until(), ban.length());
            if (!left.isZero() && !isFull(ban.kind())) {
                BanTable.Entry entry = new BanTable.Entry(
                        ban.prefix(),
                        ban.kind(),
                        ban.reason(),
                        ban.evidence(),
                        ban.length().toNanos(),
                        now + left.toNanos(),
                        ban.offence());
                entry.hits.set(ban.hits());
                add(entry);
            }
        }
        for (BanStore.Offences offences : kept.offences()) {
            Duration left = left(wall, offences.until(), LONGEST_MANUAL);
            offenders.keep(offences.source(), offences.count(), now + left.toNanos());
        }
        for (BanStore.Pardon pardon : kept.pardons()) {
            Duration left = left(wall, pardon.until(), PARDON);
            pardons.grant(pardon.prefix(), now + left.toNanos());
        }
        tick();
        changed = false;
    }

    /** From now until then, and within bounds, whatever a file says. */
    private static Duration left(Instant wall, Instant until, Duration most) {
        Duration left = until.isAfter(wall) ? Duration.between(wall, until) : Duration.ZERO;
        return left.compareTo(most) < 0 ? left : most;
    }

    /** All that is to be known after a restart; null when that has not changed since it was asked last. */
    public synchronized BanStore.@Nullable Kept changes() {
        if (!changed) {
            return null;
        }
        changed = false;
        List<Ban> bans = list();
        List<BanStore.Offences> offences = new ArrayList<>();
        offenders.forEach(
                (source, count, until) -> offences.add(new BanStore.Offences(source, count, onTheWall(until))));
        List<BanStore.Pardon> pardoned = new ArrayList<>();
        pardons.forEach((prefix, until) -> pardoned.add(new BanStore.Pardon(prefix, onTheWall(until))));
        return new BanStore.Kept(bans, offences, pardoned);
    }

    /** How many bans of a kind are in force. */
    public int active(Ban.Kind kind) {
        return inForce.count(kind);
    }

    /** How many bans of a kind there ever were. */
    public long started(Ban.Kind kind) {
        return (kind == Ban.Kind.AUTOMATIC ? startedAutomatic : startedManual).sum();
    }

    /** How many automatic bans ended early because there were too many. */
    public long evicted() {
        return evicted.sum();
    }

    /** How many calls bans of a kind turned away. */
    public long callsTurnedAway(Ban.Kind kind) {
        return of(calls, kind).sum();
    }

    /** How many connections bans of a kind turned away. */
    public long connectionsTurnedAway(Ban.Kind kind) {
        return of(connections, kind).sum();
    }
}

package org.rpcward.proxy.scan;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.EnumerationPolicy.Reaction;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/**
 * Scores what sources ask, in tables of a fixed size. Points over UDP throttle a source over UDP; points over TCP, where
 * its address is proven, throttle it over both, and ban it. Thread-safe.
 */
public final class Scans {
    /** Sets of eight sources over UDP, where a source costs a scanner nothing. */
    private static final int UDP_SETS = 2048;

    private static final int TCP_SETS = 512;

    private final ScanObserver observer;
    private final ScoreTable udp;
    private final ScoreTable tcp;
    private final LongAdder throttledUdp = new LongAdder();
    private final LongAdder throttledTcp = new LongAdder();
    private final LongAdder scanners = new LongAdder();

    /** @param random makes the seeds of the tables */
    public Scans(RandomGenerator random, ScanObserver observer) {
        this(UDP_SETS, TCP_SETS, random, observer);
    }

    private Scans(int udpSets, int tcpSets, RandomGenerator random, ScanObserver observer) {
        this.observer = observer;
        this.udp = new ScoreTable(Transport.UDP, false, udpSets, random.nextLong());
        this.tcp = new ScoreTable(Transport.TCP, true, tcpSets, random.nextLong());
    }

    /** Tables with room for a source or two, that cost next to nothing and tell nobody. */
    public static Scans ofFew() {
        return new Scans(1, 1, ThreadLocalRandom.current(), (sighting, bound) -> {});
    }

    /**
     * Scores what a call tells, and says how its source stands. Under a policy that only tells of scans every call may go
     * on.
     *
     * @param number what was asked about: a program, a version, as the trait has it
     * @param print what the call is known by, or null
     * @param answerable whether the call would have an answer that is worth something to a scanner
     * @param now nanoseconds, of one clock for all calls
     */
    public Standing judge(
            EnumerationPolicy policy,
            Transport transport,
            IpAddress source,
            Trait trait,
            int number,
            @Nullable Fingerprint print,
            boolean answerable,
            long now) {
        if (policy.reaction() == Reaction.OFF) {
            return Standing.CLEAR;
        }
        boolean mayBeHindered = answerable && policy.reaction() == Reaction.HINDER;
        // What comes over UDP in the name of a source that is throttled over TCP takes none of the calls that it has
        // there.
        boolean throttled =
                transport == Transport.UDP && mayBeHindered && tcp.used() > 0 && tcp.throttles(source, policy, now);
        int outcome = table(transport)
                .score(
                        source,
                        policy,
                        now,
                        trait,
                        number,
                        print == null ? -1 : number(print),
                        mayBeHindered,
                        throttled);
        return outcome == 0 ? Standing.CLEAR : standing(policy, transport, source, outcome);
    }

    private Standing standing(EnumerationPolicy policy, Transport transport, IpAddress source, int outcome) {
        if ((outcome & Scores.REACHED_THROTTLE) != 0) {
            scanners.increment();
            observer.scanning(sighting(transport, source), Sighting.Bound.THROTTLE);
        }
        if ((outcome & Scores.REACHED_BAN) != 0) {
            observer.scanning(sighting(transport, source), Sighting.Bound.BAN);
        }
        if (policy.reaction() != Reaction.HINDER) {
            return Standing.CLEAR;
        }
        if ((outcome & Scores.OVER_BAN) != 0) {
            return Standing.OFFENDING;
        }
        return (outcome & Scores.HINDERED) != 0 ? Standing.HINDERED : Standing.CLEAR;
    }

    @SuppressWarnings("EnumOrdinal") // a bit in a table of this process
    static int number(Fingerprint print) {
        return print.ordinal();
    }

    private ScoreTable table(Transport transport) {
        return transport == Transport.UDP ? udp : tcp;
    }

    /** What is known of a source. */
    public Sighting sighting(Transport transport, IpAddress source) {
        return table(transport).sighting(source);
    }

    /**
     * A source begins anew. Nor does it count what it asked before and another event loop has under way.
     *
     * @param now nanoseconds, of the same clock as for calls
     */
    public void forgive(IpAddress source, long now) {
        udp.forgive(source, now);
        tcp.forgive(source, now);
    }

    /** All sources of a prefix begin anew. Looks through both tables. */
    public void forget(AddressPrefix prefix) {
        udp.forget(prefix);
        tcp.forget(prefix);
    }

    /** Counts a call that was not answered because its source is throttled. */
    public void countThrottled(Transport transport) {
        (transport == Transport.UDP ? throttledUdp : throttledTcp).increment();
    }

    /** How many calls were not answered because their sources are throttled. */
    public long throttled(Transport transport) {
        return (transport == Transport.UDP ? throttledUdp : throttledTcp).sum();
    }

    /** How often a source was taken for a scanner. */
    public long scanners() {
        return scanners.sum();
    }

    /** How many sources have a place in the table. */
    public long entries(Transport transport) {
        return table(transport).used();
    }

    /** How many places the table has. */
    public int capacity(Transport transport) {
        return table(transport).capacity();
    }

    /** How many sources lost their place to another. */
    public long replaced(Transport transport) {
        return table(transport).replaced();
    }

    /** How many calls were not scored because every place was a scanner's. */
    public long untracked(Transport transport) {
        return table(transport).untracked();
    }
}

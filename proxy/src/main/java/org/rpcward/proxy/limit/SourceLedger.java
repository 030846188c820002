package org.rpcward.proxy.limit;

import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/*
 * The table of sources is what a flood from forged addresses aims at: a million newcomers must not cost a million buckets,
 * nor push out the bucket of a client that uses its own. So a source has to be seen twice within some seconds before it gets
 * a bucket. Until then it is charged to the bucket of its prefix, which holds `rollup` times what one source has.
 *
 * Its own bucket begins empty. Only what comes back in it, at the source's rate, is the source's own; the burst that it has
 * a right to is drawn from its prefix, token by token as it needs them. Whoever changes addresses inside a prefix finds no
 * more than the prefix has left, and a hundred clients that start at once share what the prefix has by what they ask.
 */
/** A bucket for each source that comes again, and one for the newcomers of each prefix. */
final class SourceLedger implements Ledger {
    private final KeyedHash hash;
    private final Tally tally;
    private final Widths widths;
    private final long credit;
    private final BucketTable table;
    private final Newcomers known;
    private final Newcomers strangers;

    /** Those without a bucket. Strangers have their own, so that they use up nothing of what known sources share. */
    private record Newcomers(Doorkeeper doorkeeper, SharedBuckets prefixes) {
        Newcomers(Allowance ofPrefix) {
            this(new Doorkeeper(), new SharedBuckets(ofPrefix));
        }
    }

    SourceLedger(LimitPolicy limit, KeyedHash hash, Tally tally) {
        Allowance own = Allowance.of(limit, 1);
        Allowance ofPrefix = Allowance.of(limit, limit.rollup());
        this.hash = hash;
        this.tally = tally;
        this.widths = new Widths(limit);
        // The prefix has paid for the call that the source was first seen with.
        this.credit = limit.unit() == LimitPolicy.Unit.CALLS ? own.burst() - 1 : own.burst();
        this.table = new BucketTable(own, tally);
        this.known = new Newcomers(ofPrefix);
        this.strangers = new Newcomers(ofPrefix);
    }

    @Override
    public boolean act(Act act, long amount, IpAddress source, String name, AddressSet knownSources, long now) {
        long high = source.high();
        long low = source.low();
        long place = hash.of(high, low);
        if (table.mayHold(place)) {
            BucketTable.Line line = table.line(place);
            synchronized (line) {
                TokenBucket own = line.find(high, low, now);
                if (own != null) {
                    return actOnOwn(own, act, amount, source, knownSources, now);
                }
            }
        }
        boolean isKnown = knownSources.contains(source);
        if (act.isArrival()) {
            if (newcomers(isKnown).doorkeeper().hasSeen(place, now)) {
                BucketTable.Line line = table.line(place);
                synchronized (line) {
                    TokenBucket own = admit(line, place, high, low, isKnown, now);
                    if (own != null) {
                        return actOnOwn(own, act, amount, source, knownSources, now);
                    }
                }
            }
            tally.shared().increment();
        }
        return actOnPrefix(act, amount, source, isKnown, now);
    }

    /** The bucket of a source that came again; null when there is no place for it. The caller holds the line. */
    private @Nullable TokenBucket admit(
            BucketTable.Line line, long place, long high, long low, boolean isKnown, long now) {
        // Another thread may have been quicker.
        TokenBucket own = line.find(high, low, now);
        if (own == null) {
            own = line.admit(place, high, low, isKnown, now);
            if (own != null) {
                own.beginOnCredit(credit, now);
            }
        }
        return own;
    }

    private boolean actOnOwn(
            TokenBucket own, Act act, long amount, IpAddress source, AddressSet knownSources, long now) {
        // First of all: what is taken now leaves room that the credit must not fill.
        long onCredit = own.credit(now);
        switch (act) {
            case TAKE, ASK -> {
                if (act.on(own, amount, now)) {
                    return true;
                }
                if (onCredit < amount || !actOnPrefix(act, amount, source, knownSources.contains(source), now)) {
                    return false;
                }
                own.useCredit(act == Act.TAKE ? amount : 0);
                return true;
            }
            case SETTLE -> {
                long missing = Math.max(0, amount - Math.max(0, own.tokens(now)));
                long drawn = Math.min(missing, onCredit);
                if (drawn > 0) {
                    actOnPrefix(Act.SETTLE, drawn, source, knownSources.contains(source), now);
                    own.useCredit(drawn);
                }
                return act.on(own, amount - drawn, now);
            }
            default -> {
                return act.on(own, amount, now);
            }
        }
    }

    private boolean actOnPrefix(Act act, long amount, IpAddress source, boolean isKnown, long now) {
        long prefix = hash.of(widths.high(source), widths.low(source));
        return newcomers(isKnown).prefixes().act(act, amount, prefix, now);
    }

    private Newcomers newcomers(boolean isKnown) {
        return isKnown ? known : strangers;
    }

    @Override
    public int capacity() {
        return BucketTable.CAPACITY;
    }
}

package org.rpcward.proxy.limit;

import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/*
 * The table of sources is what a flood from forged addresses aims at: a million newcomers must not cost a million buckets,
 * nor push out the bucket of a client that uses its own. So a source has to be seen twice within some seconds before it gets
 * a bucket. Until then it is charged to the bucket of its prefix, which holds `rollup` times what one source has; and what
 * its own bucket begins with is taken from there. Whoever changes addresses inside a prefix finds no more than the prefix
 * has left.
 */
/** A bucket for each source that comes again, and one for the newcomers of each prefix. */
final class SourceLedger implements Ledger {
    private final KeyedHash hash;
    private final Tally tally;
    private final Widths widths;
    private final long firstTokens;
    private final Doorkeeper doorkeeper = new Doorkeeper();
    private final BucketTable table;
    private final SharedBuckets prefixes;

    SourceLedger(LimitPolicy limit, KeyedHash hash, Tally tally) {
        Allowance own = Allowance.of(limit, 1);
        this.hash = hash;
        this.tally = tally;
        this.widths = new Widths(limit);
        // The prefix has paid for the call that the source was first seen with.
        this.firstTokens = limit.unit() == LimitPolicy.Unit.CALLS ? own.burst() - 1 : own.burst();
        this.table = new BucketTable(own, tally);
        this.prefixes = new SharedBuckets(Allowance.of(limit, limit.rollup()));
    }

    @Override
    public boolean act(Act act, long amount, IpAddress source, String name, AddressSet known, long now) {
        long high = source.high();
        long low = source.low();
        long place = hash.of(high, low);
        BucketTable.Line line = table.line(place);
        synchronized (line) {
            TokenBucket own = line.find(high, low);
            if (own == null && act.isArrival() && doorkeeper.hasSeen(place, now)) {
                own = line.admit(high, low, known.contains(source), now);
                if (own != null) {
                    own.beginWith(prefixes.surrender(firstTokens, prefix(source), now), now);
                }
            }
            if (own != null) {
                return act.on(own, amount, now);
            }
        }
        if (act.isArrival()) {
            tally.shared().increment();
        }
        return prefixes.act(act, amount, prefix(source), now);
    }

    private long prefix(IpAddress source) {
        return hash.of(widths.high(source), widths.low(source));
    }

    @Override
    public int capacity() {
        return BucketTable.CAPACITY;
    }
}

package org.rpcward.proxy.limit;

import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/** A bucket for each prefix. Prefixes that find no place share buckets with the same allowance, strangers apart. */
final class PrefixLedger implements Ledger {
    private final KeyedHash hash;
    private final Tally tally;
    private final Widths widths;
    private final BucketTable table;
    private final SharedBuckets ofKnown;
    private final SharedBuckets ofStrangers;

    PrefixLedger(LimitPolicy limit, KeyedHash hash, Tally tally) {
        Allowance allowance = Allowance.of(limit, 1);
        this.hash = hash;
        this.tally = tally;
        this.widths = new Widths(limit);
        this.table = new BucketTable(allowance, tally);
        this.ofKnown = new SharedBuckets(allowance);
        this.ofStrangers = new SharedBuckets(allowance);
    }

    @Override
    public boolean act(Act act, long amount, IpAddress source, String name, AddressSet known, long now) {
        long high = widths.high(source);
        long low = widths.low(source);
        long place = hash.of(high, low);
        BucketTable.Line line = table.line(place);
        synchronized (line) {
            TokenBucket own = line.find(high, low, now);
            if (own == null && act.isArrival()) {
                own = line.admit(place, high, low, known.contains(source), now);
            }
            if (own != null) {
                return act.on(own, amount, now);
            }
        }
        if (act.isArrival()) {
            tally.shared().increment();
        }
        return (known.contains(source) ? ofKnown : ofStrangers).act(act, amount, place, now);
    }

    @Override
    public int capacity() {
        return BucketTable.CAPACITY;
    }
}

package org.rpcward.proxy.limit;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/** The limits that one kind of call is charged to, in order. Thread-safe. */
public final class LimitSet {
    /** Of limits in one set; a rule has fewer. */
    static final int MAX = Long.SIZE;

    static final LimitSet NONE = new LimitSet(List.of(), AddressSet.NONE);

    private final Charge[] charges;
    private final boolean countsBytes;
    private final AddressSet known;

    /**
     * @param rule whose bucket it is, where each rule has its own
     */
    record Charge(Limit limit, @Nullable String rule) {
        /** What the bucket goes by, where it has a name. */
        String name(String listener) {
            return rule == null ? listener : rule;
        }
    }

    LimitSet(List<Charge> charges, AddressSet known) {
        this.charges = charges.stream().limit(MAX).toArray(Charge[]::new);
        this.countsBytes = charges.stream().anyMatch(c -> c.limit().policy().unit() == LimitPolicy.Unit.REPLY_BYTES);
        this.known = known;
    }

    public boolean isEmpty() {
        return charges.length == 0;
    }

    /** The limit at a place of the set, as the bits of {@link #charge} count. */
    public Limit limit(int place) {
        return charges[place].limit();
    }

    /**
     * Charges a call. The first enforced limit that has nothing left turns it away, and then it is charged to none: a
     * client over its own limit uses up nothing that others share with it.
     *
     * @param now nanoseconds, of one clock for all calls
     * @return a bit for each limit that has nothing left; the highest one is the limit that turns the call away, if it is
     *     an enforced one
     */
    public long charge(IpAddress source, Transport transport, String listener, long now) {
        if (charges.length == 0) {
            return 0;
        }
        long exceeded = 0;
        for (int i = 0; i < charges.length; i++) {
            Charge charge = charges[i];
            if (!charge.limit().admits(source, transport, charge.name(listener), known, now)) {
                exceeded |= 1L << i;
                if (charge.limit().isEnforced()) {
                    giveBack(i, exceeded, source, transport, listener, now);
                    break;
                }
            }
        }
        return exceeded;
    }

    private void giveBack(int before, long exceeded, IpAddress source, Transport transport, String listener, long now) {
        for (int i = 0; i < before; i++) {
            if ((exceeded >>> i & 1) == 0) {
                charges[i].limit().giveBack(source, transport, charges[i].name(listener), known, now);
            }
        }
    }

    /**
     * Charges the reply to a call that passed.
     *
     * @param now when the call was charged
     */
    public void settle(int bytes, IpAddress source, Transport transport, String listener, long now) {
        if (!countsBytes) {
            return;
        }
        for (Charge charge : charges) {
            charge.limit().settle(bytes, source, transport, charge.name(listener), known, now);
        }
    }
}

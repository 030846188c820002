package org.rpcward.proxy.limit;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/*
 * Calls over UDP and over TCP are counted apart, in ledgers of their own: the source of a datagram can be forged, and what
 * others send in a client's name must not use up what it has over TCP.
 */
/** One limit of one policy, with its buckets. Thread-safe. */
public final class Limit {
    private final LimitPolicy policy;
    private final int index;
    private final boolean enforced;
    private final Tally tally;
    private final Ledger udp;
    private final Ledger tcp;

    private Limit(LimitPolicy policy, int index, boolean enforced, Tally tally, Ledger udp, Ledger tcp) {
        this.policy = policy;
        this.index = index;
        this.enforced = enforced;
        this.tally = tally;
        this.udp = udp;
        this.tcp = tcp;
    }

    /**
     * One with full buckets, or with those of the policy before where the limit is the same. Counts go on in either case.
     *
     * @param before the limit of that name in the policy before
     */
    static Limit of(LimitPolicy policy, int index, boolean enforced, KeyedHash hash, @Nullable Limit before) {
        if (before != null && policy.sharesBucketsWith(before.policy)) {
            return new Limit(policy, index, enforced, before.tally, before.udp, before.tcp);
        }
        Tally tally = before == null ? new Tally() : before.tally.withNothingHeld();
        return new Limit(policy, index, enforced, tally, ledger(policy, hash, tally), ledger(policy, hash, tally));
    }

    private static Ledger ledger(LimitPolicy policy, KeyedHash hash, Tally tally) {
        return switch (policy.per()) {
            case SOURCE -> new SourceLedger(policy, hash, tally);
            case PREFIX -> new PrefixLedger(policy, hash, tally);
            case LISTENER, RULE -> new NamedLedger(Allowance.of(policy, 1));
        };
    }

    public LimitPolicy policy() {
        return policy;
    }

    /** Its place among all limits of the policy. */
    public int index() {
        return index;
    }

    /** Whether it hinders calls: neither it nor the whole policy is in audit mode. */
    public boolean isEnforced() {
        return enforced;
    }

    public LimitState state() {
        return new LimitState(
                policy,
                enforced,
                udp.capacity() + tcp.capacity(),
                tally.held().sum(),
                tally.exceeded().sum(),
                tally.exceededInAudit().sum(),
                tally.shared().sum(),
                tally.refused().sum(),
                tally.replaced().sum());
    }

    /** Whether a call may pass; if so, and if calls are what is counted, it is charged. */
    boolean admits(IpAddress source, Transport transport, String name, AddressSet known, long now) {
        Act act = policy.unit() == LimitPolicy.Unit.CALLS ? Act.TAKE : Act.ASK;
        if (ledger(transport).act(act, 1, source, name, known, now)) {
            return true;
        }
        (enforced ? tally.exceeded() : tally.exceededInAudit()).increment();
        return false;
    }

    /** A call that was charged is turned away for another reason. */
    void giveBack(IpAddress source, Transport transport, String name, AddressSet known, long now) {
        if (policy.unit() == LimitPolicy.Unit.CALLS) {
            ledger(transport).act(Act.GIVE_BACK, 1, source, name, known, now);
        }
    }

    /** Charges a reply, where bytes are what is counted. */
    void settle(int bytes, IpAddress source, Transport transport, String name, AddressSet known, long now) {
        if (policy.unit() == LimitPolicy.Unit.REPLY_BYTES) {
            ledger(transport).act(Act.SETTLE, bytes, source, name, known, now);
        }
    }

    private Ledger ledger(Transport transport) {
        return transport == Transport.UDP ? udp : tcp;
    }

    /** Forgets what belongs to names that the policy no longer has. */
    void keepOnly(Set<String> names) {
        for (Ledger ledger : new Ledger[] {udp, tcp}) {
            if (ledger instanceof NamedLedger named) {
                named.keep(names);
            }
        }
    }
}

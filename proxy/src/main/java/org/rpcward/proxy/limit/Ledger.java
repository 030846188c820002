package org.rpcward.proxy.limit;

import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/** The buckets of one limit for one transport. Thread-safe. */
interface Ledger {
    /**
     * Does something to the bucket that a call falls to.
     *
     * @param name of the listener or rule, where buckets go by that
     * @param known sources that strangers must not keep from having a bucket
     * @param now nanoseconds of one clock
     * @return whether the bucket lets the call pass
     */
    boolean act(Act act, long amount, IpAddress source, String name, AddressSet known, long now);

    /** How many can have a bucket of their own at one time. */
    int capacity();
}

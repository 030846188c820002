package org.rpcward.proxy.ban;

import org.rpcward.policy.net.AddressPrefix;

/** Is told of bans as they begin and end. Called from any thread, one event after another; must not block. */
public interface BanObserver {
    void banned(Ban ban);

    void unbanned(Ban ban, Ban.End end);

    /** An administrator lifted what there was against a prefix: its sources begin anew. */
    void pardoned(AddressPrefix prefix);
}

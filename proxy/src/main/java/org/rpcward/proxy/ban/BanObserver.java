package org.rpcward.proxy.ban;

/** Is told of bans as they begin and end. Called from any thread, one event after another; must not block. */
public interface BanObserver {
    void banned(Ban ban);

    void unbanned(Ban ban, Ban.End end);
}

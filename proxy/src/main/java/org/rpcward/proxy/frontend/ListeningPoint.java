package org.rpcward.proxy.frontend;

/** Where sockets listen. They stay over reloads; what a policy and the host say about the place may change. */
public final class ListeningPoint {
    private volatile LocalAddress local;

    public ListeningPoint(LocalAddress local) {
        this.local = local;
    }

    public LocalAddress local() {
        return local;
    }

    /** From the next call on, this is what is said about the place. Its socket address must be the same. */
    public void replace(LocalAddress next) {
        local = next;
    }
}

package org.rpcward.proxy.frontend;

import org.rpcward.proxy.overload.Backlog;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.service.PortmapService;

/** Where the calls of one UDP socket go, whatever reads it. On one event loop. */
final class DatagramCalls {
    private final PortmapService service;
    private final ListeningPoint point;
    private final Overload overload;
    private final Runnable onDrop;
    private final Backlog backlog = new Backlog();

    /** @param onDrop is called for each datagram that is dropped; must not block */
    DatagramCalls(PortmapService service, ListeningPoint point, Overload overload, Runnable onDrop) {
        this.service = service;
        this.point = point;
        this.overload = overload;
        this.onDrop = onDrop;
    }

    void opened() {
        overload.watch(backlog);
    }

    void closed() {
        overload.forget(backlog);
    }

    LocalAddress local() {
        return point.local();
    }

    void handle(DatagramExchange call) {
        service.handle(call);
        call.handled();
    }

    void dropped() {
        onDrop.run();
    }

    void unsent(int replies) {
        service.unsent(replies);
    }

    /** Replies to calls that came together have left, so long after they came. */
    void batchSent(long nanos) {
        service.batchSent(nanos);
    }

    /** @param full whether as much was read as one turn may bring */
    void turnEnded(boolean full) {
        if (full) {
            backlog.filled(System.nanoTime());
        } else {
            backlog.emptied();
        }
    }
}

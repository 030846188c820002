package org.rpcward.proxy.backend;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The calls of one conversation that wait for their replies: by xid, bounded in number and in time. */
final class PendingCalls {
    /** One call that waits. */
    static final class Pending {
        final int xid;
        final BackendCall<?> call;
        private final Consumer<Pending> onTimeout;
        boolean repeated;
        private boolean sent;
        private boolean over;

        private Pending(int xid, BackendCall<?> call, Consumer<Pending> onTimeout) {
            this.xid = xid;
            this.call = call;
            this.onTimeout = onTimeout;
        }

        /** Whether it waits no more. */
        boolean isOver() {
            return over;
        }
    }

    /** In the order in which they were asked. */
    private final Map<Integer, Pending> byXid = new LinkedHashMap<>();

    private final Xids xids = new Xids();
    private final EqualDelays<Pending> deadlines;
    private final int limit;

    PendingCalls(EventLoop loop, Duration timeout, int limit) {
        this.deadlines = new EqualDelays<>(loop, timeout, limit, Pending::isOver, this::late);
        this.limit = limit;
    }

    /**
     * Gives a call an xid that no other one waits for. Until {@link #sent} nothing ends its waiting.
     *
     * @param onTimeout called when no reply came in time; the call no longer waits then
     * @return null when too many wait
     */
    @Nullable
    Pending add(BackendCall<?> call, Consumer<Pending> onTimeout) {
        if (byXid.size() >= limit) {
            return null;
        }
        int xid = xids.next();
        while (byXid.containsKey(xid)) {
            xid = xids.next();
        }
        Pending pending = new Pending(xid, call, onTimeout);
        byXid.put(xid, pending);
        return pending;
    }

    /**
     * A call was sent; its time runs from when it was first sent. What comes before, such as connecting, has bounds of
     * its own, and right after the start it includes the time in which this JVM warms up.
     */
    void sent(Pending pending) {
        if (!pending.sent && !pending.over) {
            pending.sent = true;
            deadlines.add(pending);
        }
    }

    private void late(Pending pending) {
        byXid.remove(pending.xid);
        pending.over = true;
        pending.onTimeout.accept(pending);
    }

    boolean isEmpty() {
        return byXid.isEmpty();
    }

    /** Takes out the call that a reply is for, or null when none waits under that xid. */
    @Nullable
    Pending take(int xid) {
        Pending pending = byXid.remove(xid);
        if (pending != null) {
            pending.over = true;
            deadlines.tidy();
        }
        return pending;
    }

    /** All that wait, which go on waiting. */
    List<Pending> all() {
        return new ArrayList<>(byXid.values());
    }

    void failAll(BackendResult.Status status) {
        List<Pending> failed = all();
        byXid.clear();
        deadlines.clear();
        failed.forEach(pending -> pending.over = true);
        failed.forEach(pending -> pending.call.fail(status));
    }
}

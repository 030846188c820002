package org.rpcward.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.rpcward.proxy.observe.CallNote;
import org.rpcward.proxy.observe.CallRecord;

/**
 * Those who look on. While there is nobody, a call costs one look at a field; else what each asked for, and no more than
 * so many lines a second. Thread-safe.
 */
final class Tails {
    /** Lines a second for one reader; a person reads fewer. */
    static final int LINES_PER_SECOND = 1000;

    private volatile List<Tail> tails = List.of();

    private static final class Tail {
        private final TailFilter filter;
        private final LineStream lines;
        private final AtomicInteger left = new AtomicInteger(LINES_PER_SECOND);

        Tail(TailFilter filter, LineStream lines) {
            this.filter = filter;
            this.lines = lines;
        }

        void offer(CallRecord said, Supplier<CallNote> note) {
            if (!filter.passes(said)) {
                return;
            }
            if (left.getAndDecrement() > 0 && lines.hasRoom()) {
                note.get().tell(said, lines::add);
            } else {
                lines.leaveOut();
            }
        }
    }

    boolean isEmpty() {
        return tails.isEmpty();
    }

    /** @param note that of the call, asked for when somebody wants to hear of it */
    void offer(CallRecord said, Supplier<CallNote> note) {
        for (Tail tail : tails) {
            tail.offer(said, note);
        }
    }

    synchronized void add(TailFilter filter, LineStream lines) {
        Tail tail = new Tail(filter, lines);
        List<Tail> more = new ArrayList<>(tails);
        more.add(tail);
        tails = List.copyOf(more);
        lines.whenClosed(() -> remove(tail));
    }

    private synchronized void remove(Tail tail) {
        List<Tail> fewer = new ArrayList<>(tails);
        fewer.remove(tail);
        tails = List.copyOf(fewer);
    }

    /** A second is over. */
    void tick() {
        tails.forEach(tail -> tail.left.set(LINES_PER_SECOND));
    }
}

package org.rpcward.proxy.admin;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/*
 * Whoever opens connections and says nothing, or does not listen, must not keep others out: when there is no room, the
 * oldest connection that has no whole request makes room for the new one; where all have one, the oldest whose client does
 * not take his answer. A request that is whole is always answered.
 */
/** The connections of one place at which the admin server listens. Only used on the admin event loop. */
final class Connections {
    /** At one time. */
    static final int MOST = 8;

    /** Streams at one time, so that there is room for questions beside them. */
    static final int MOST_STREAMS = 4;

    private final Set<Guard> open = new LinkedHashSet<>();
    private int streams;

    void add(Guard connection) {
        if (open.size() >= MOST) {
            Guard expendable =
                    first(Guard::isExpendable).or(() -> first(Guard::isUnread)).orElse(connection);
            open.remove(expendable);
            expendable.close();
            if (expendable == connection) {
                return;
            }
        }
        open.add(connection);
    }

    private Optional<Guard> first(Predicate<Guard> which) {
        return open.stream().filter(which).findFirst();
    }

    void remove(Guard connection) {
        open.remove(connection);
    }

    /** Whether there is room for one more stream, which is taken then. */
    boolean beginStream() {
        if (streams >= MOST_STREAMS) {
            return false;
        }
        streams++;
        return true;
    }

    void endStream() {
        streams--;
    }

    int size() {
        return open.size();
    }

    void closeAll() {
        Set.copyOf(open).forEach(Guard::close);
    }

    /** Closes those that nobody waits at; an order that takes the place away is answered there nevertheless. */
    void closeExpendable() {
        Set.copyOf(open).stream().filter(Guard::isExpendable).forEach(Guard::close);
    }
}

package org.rpcward.proxy.ban;

import java.util.Collection;
import java.util.Iterator;
import java.util.function.Predicate;

/** Removes from the front of a collection that keeps the order in which its elements came. */
final class Oldest {
    private Oldest() {}

    /** Removes the oldest until no more than so many are left. */
    static void trim(Collection<?> oldestFirst, int most) {
        Iterator<?> oldest = oldestFirst.iterator();
        for (int over = oldestFirst.size() - most; over > 0; over--) {
            oldest.next();
            oldest.remove();
        }
    }

    /**
     * Removes the oldest for as long as they are over. The order is nearly that of their ends: one that is over, but
     * behind one that is not, stays until that one goes.
     */
    static <T> void removeWhile(Collection<T> oldestFirst, Predicate<T> over) {
        Iterator<T> oldest = oldestFirst.iterator();
        while (oldest.hasNext() && over.test(oldest.next())) {
            oldest.remove();
        }
    }
}

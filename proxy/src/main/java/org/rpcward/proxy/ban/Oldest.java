package org.rpcward.proxy.ban;

import java.util.Collection;
import java.util.Iterator;
import java.util.function.Predicate;

/** Takes from the front of what is kept in the order in which it came. */
final class Oldest {
    private Oldest() {}

    /** Leaves so many. */
    static void trim(Collection<?> oldestFirst, int most) {
        Iterator<?> oldest = oldestFirst.iterator();
        for (int over = oldestFirst.size() - most; over > 0; over--) {
            oldest.next();
            oldest.remove();
        }
    }

    /** What is nearly in the order of its end: one that is over behind one that is not is taken with that one. */
    static <T> void removeWhile(Collection<T> oldestFirst, Predicate<T> over) {
        Iterator<T> oldest = oldestFirst.iterator();
        while (oldest.hasNext() && over.test(oldest.next())) {
            oldest.remove();
        }
    }
}

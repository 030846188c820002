package org.rpcward.proxy.observe;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ObjLongConsumer;

/** A counter for each value of an enum, for what happens too seldom to stand in a {@link Tally}. Thread-safe. */
final class EnumCounts<E extends Enum<E>> {
    private final Map<E, LongAdder> counts;

    EnumCounts(Class<E> values) {
        counts = new EnumMap<>(values);
        for (E value : values.getEnumConstants()) {
            counts.put(value, new LongAdder());
        }
    }

    private LongAdder of(E value) {
        LongAdder count = counts.get(value);
        if (count == null) {
            throw new AssertionError("there is a counter for each value");
        }
        return count;
    }

    void add(E value) {
        of(value).increment();
    }

    long sum(E value) {
        return of(value).sum();
    }

    /** In the order of the values. */
    void forEach(ObjLongConsumer<E> reader) {
        counts.forEach((value, count) -> reader.accept(value, count.sum()));
    }
}

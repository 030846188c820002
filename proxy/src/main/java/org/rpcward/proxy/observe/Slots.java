package org.rpcward.proxy.observe;

import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Numbers for what a policy names, from 0, so that it can be counted in an array. What stays over a reload keeps its
 * number. Beyond so many, all share the number {@link #overflow}.
 */
final class Slots<K> {
    private final int capacity;
    private final IntConsumer whenFreed;
    private Map<K, Integer> taken = Map.of();

    /** @param whenFreed is told the number of what is not there any more */
    Slots(int capacity, IntConsumer whenFreed) {
        this.capacity = capacity;
        this.whenFreed = whenFreed;
    }

    /** The number that those share who have none of their own. */
    int overflow() {
        return capacity;
    }

    /** The numbers of these, first come first served; all others lose theirs. */
    Map<K, Integer> keep(Collection<K> wanted) {
        Map<K, Integer> next = new LinkedHashMap<>();
        BitSet used = new BitSet(capacity);
        taken.forEach((key, slot) -> {
            if (wanted.contains(key)) {
                used.set(slot);
            } else {
                whenFreed.accept(slot);
            }
        });
        for (K key : wanted) {
            Integer slot = taken.get(key);
            if (slot == null && !next.containsKey(key)) {
                int free = used.nextClearBit(0);
                slot = free < capacity ? free : null;
            }
            if (slot != null) {
                used.set(slot);
                next.put(key, slot);
            }
        }
        taken = Map.copyOf(next);
        return taken;
    }
}

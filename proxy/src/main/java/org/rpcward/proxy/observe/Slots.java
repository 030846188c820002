package org.rpcward.proxy.observe;

import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Numbers from 0 for what a policy names, so that it can be counted in an array. What outlasts a reload keeps its
 * number. Whatever finds none of its own shares the number {@link #overflow}.
 */
final class Slots<K> {
    private final int capacity;
    private final IntConsumer whenFreed;
    private Map<K, Integer> taken = Map.of();

    /** @param whenFreed is told each number whose name is gone */
    Slots(int capacity, IntConsumer whenFreed) {
        this.capacity = capacity;
        this.whenFreed = whenFreed;
    }

    /** The number that all share which have none of their own. */
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

package org.rpcward.policy.yaml;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.rpcward.policy.net.AddressSet;

/** Whether sets of sources overlap. Two large ones are compared once, however many rules name them. */
final class Overlaps {
    /** Sets of fewer ranges are compared faster than they are found. */
    private static final int LARGE = 200;

    private final Map<AddressSet, Integer> numbers = new HashMap<>();

    /** For each large set, by number: with which ones it was compared, and which of them it overlaps. */
    private final Map<Integer, BitSet> compared = new HashMap<>();

    private final Map<Integer, BitSet> overlapping = new HashMap<>();

    boolean between(AddressSet one, AddressSet other) {
        if (one.size() < LARGE || other.size() < LARGE) {
            return one.intersects(other);
        }
        int first = number(one);
        int second = number(other);
        BitSet known = compared.computeIfAbsent(first, n -> new BitSet());
        BitSet yes = overlapping.computeIfAbsent(first, n -> new BitSet());
        if (!known.get(second)) {
            known.set(second);
            yes.set(second, one.intersects(other));
        }
        return yes.get(second);
    }

    private int number(AddressSet set) {
        int next = numbers.size();
        Integer before = numbers.putIfAbsent(set, next);
        return before == null ? next : before;
    }
}

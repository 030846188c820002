package org.rpcward.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which rules' ranges cover a point of a 128-bit line, for every point: the line is cut at all ends of ranges, and each
 * elementary interval knows its set of rules. Equal sets are stored once. This is the bit-vector scheme of packet
 * classification (Lakshman and Stiliadis, 1998): a lookup is one binary search, and the answers of several lines are
 * joined by AND.
 */
final class IntervalTable {
    private final long[] high;
    private final long[] low;
    private final long[][] sets;

    private IntervalTable(long[] high, long[] low, long[][] sets) {
        this.high = high;
        this.low = low;
        this.sets = sets;
    }

    /** The set of rules at a point: words of a bit set, not to be changed. */
    long[] at(long pointHigh, long pointLow) {
        int from = 0;
        int to = high.length - 1;
        // The first cut is at zero, so that some cut is always at or below the point.
        while (from < to) {
            int middle = (from + to + 1) >>> 1;
            int order = Long.compareUnsigned(high[middle], pointHigh);
            if (order < 0 || (order == 0 && Long.compareUnsigned(low[middle], pointLow) <= 0)) {
                from = middle;
            } else {
                to = middle - 1;
            }
        }
        return sets[from];
    }

    /** Is told of an interval of the line, both ends included, and its set of rules. */
    interface Visitor {
        void visit(long firstHigh, long firstLow, long lastHigh, long lastLow, long[] set);
    }

    /** All intervals in order. Equal sets are the same object. */
    void forEach(Visitor visitor) {
        for (int i = 0; i < sets.length; i++) {
            boolean last = i == sets.length - 1;
            long lastLow = last ? -1L : low[i + 1] - 1;
            long lastHigh = last ? -1L : low[i + 1] == 0 ? high[i + 1] - 1 : high[i + 1];
            visitor.visit(high[i], low[i], lastHigh, lastLow, sets[i]);
        }
    }

    /** Each set of rules that some point has, once. */
    Collection<long[]> distinctSets() {
        Set<long[]> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
        Collections.addAll(distinct, sets);
        return distinct;
    }

    /** At this point, a range of these rules begins or ends. */
    private record Change(long high, long low, BitSet rules) implements Comparable<Change> {
        @Override
        public int compareTo(Change other) {
            int byHigh = Long.compareUnsigned(high, other.high);
            return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
        }
    }

    /** Collects ranges, then cuts the line. */
    static final class Builder {
        private final int words;
        private final List<Change> changes = new ArrayList<>();
        private final BitSet everywhere = new BitSet();

        /** @param words how many words the bit sets have */
        Builder(int words) {
            this.words = words;
        }

        /** These rules cover every point. */
        void addEverywhere(BitSet rules) {
            everywhere.or(rules);
        }

        /** These rules, which are kept, cover the points from first to last. Ranges of one rule must not overlap. */
        void add(BitSet rules, long firstHigh, long firstLow, long lastHigh, long lastLow) {
            changes.add(new Change(firstHigh, firstLow, rules));
            if (lastHigh != -1L || lastLow != -1L) {
                changes.add(new Change(lastLow == -1L ? lastHigh + 1 : lastHigh, lastLow + 1, rules));
            }
        }

        IntervalTable build() {
            Collections.sort(changes);
            long[] high = new long[changes.size() + 1];
            long[] low = new long[changes.size() + 1];
            long[][] sets = new long[changes.size() + 1][];
            Map<BitSet, long[]> known = new HashMap<>();
            BitSet current = (BitSet) everywhere.clone();
            int count = 0;
            int next = 0;
            // The first interval begins at zero, whether something changes there or not.
            for (Change at = new Change(0, 0, everywhere);
                    at != null;
                    at = next < changes.size() ? changes.get(next) : null) {
                while (next < changes.size() && changes.get(next).compareTo(at) == 0) {
                    current.xor(changes.get(next++).rules());
                }
                high[count] = at.high();
                low[count] = at.low();
                sets[count++] =
                        known.computeIfAbsent((BitSet) current.clone(), set -> Arrays.copyOf(set.toLongArray(), words));
            }
            return new IntervalTable(Arrays.copyOf(high, count), Arrays.copyOf(low, count), Arrays.copyOf(sets, count));
        }
    }
}

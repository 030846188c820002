package org.rpcward.policy.rpc;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** An immutable set of (program, version) pairs, held as sorted, disjoint ranges of 64-bit keys. */
public final class ProgramSet {
    /**
     * Keys from {@code first} to {@code last}, both included; unsigned.
     */
    public record Range(long first, long last) {}

    public static final ProgramSet ALL = new ProgramSet(List.of(new Range(0, -1L)));
    public static final ProgramSet NONE = new ProgramSet(List.of());

    private final List<Range> ranges;

    /** 0 until it is asked for: many rules have the same large set. */
    private int hash;

    private ProgramSet(List<Range> ranges) {
        this.ranges = List.copyOf(ranges);
    }

    /** The key of a program and a version of it, both unsigned. */
    public static long key(int program, int version) {
        return (program & 0xffff_ffffL) << 32 | (version & 0xffff_ffffL);
    }

    /** All versions of a program. */
    public static ProgramSet of(int program) {
        return of(program, 0, -1);
    }

    /** Versions {@code first} to {@code last} of a program, both included; unsigned. */
    public static ProgramSet of(int program, int first, int last) {
        return new ProgramSet(List.of(new Range(key(program, first), key(program, last))));
    }

    /** Ranges in any order, overlapping or not. */
    public static ProgramSet of(List<Range> ranges) {
        List<Range> sorted = new ArrayList<>(ranges);
        sorted.sort(Comparator.comparing(Range::first, Long::compareUnsigned));
        List<Range> out = new ArrayList<>();
        for (Range r : sorted) {
            Range previous = out.isEmpty() ? null : out.get(out.size() - 1);
            if (previous == null || !touches(previous, r)) {
                out.add(r);
            } else if (Long.compareUnsigned(previous.last(), r.last()) < 0) {
                out.set(out.size() - 1, new Range(previous.first(), r.last()));
            }
        }
        return new ProgramSet(out);
    }

    public ProgramSet union(ProgramSet other) {
        List<Range> all = new ArrayList<>(ranges);
        all.addAll(other.ranges);
        return of(all);
    }

    /** Whether a range begins inside another, or right behind it. */
    private static boolean touches(Range previous, Range next) {
        return previous.last() == -1L || Long.compareUnsigned(next.first(), previous.last() + 1) <= 0;
    }

    public ProgramSet complement() {
        List<Range> out = new ArrayList<>();
        long from = 0;
        for (Range r : ranges) {
            if (from != r.first()) {
                out.add(new Range(from, r.first() - 1));
            }
            if (r.last() == -1L) {
                return new ProgramSet(out);
            }
            from = r.last() + 1;
        }
        out.add(new Range(from, -1L));
        return new ProgramSet(out);
    }

    public ProgramSet intersection(ProgramSet other) {
        return complement().union(other.complement()).complement();
    }

    public boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** In this set and not in the other. */
    public ProgramSet minus(ProgramSet other) {
        return intersection(other.complement());
    }

    public boolean contains(int program, int version) {
        long key = key(program, version);
        int low = 0;
        int high = ranges.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Range range = ranges.get(middle);
            if (Long.compareUnsigned(key, range.first()) < 0) {
                high = middle - 1;
            } else if (Long.compareUnsigned(key, range.last()) > 0) {
                low = middle + 1;
            } else {
                return true;
            }
        }
        return false;
    }

    /** In order. */
    public List<Range> ranges() {
        return ranges;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ProgramSet set && ranges.equals(set.ranges);
    }

    @Override
    public int hashCode() {
        if (hash == 0) {
            hash = ranges.hashCode();
        }
        return hash;
    }

    @Override
    public String toString() {
        return ranges.toString();
    }
}

package org.rpcward.policy.net;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * An immutable set of addresses, held as sorted, disjoint, non-adjacent ranges. IPv4 and IPv6 are two worlds: an IPv6
 * range never covers an IPv4 address, though mapped addresses lie inside {@code ::/0}.
 */
public final class AddressSet {
    /**
     * Addresses of one family from {@code first} to {@code last}, both included.
     */
    public record Range(IpAddress first, IpAddress last) {}

    private static final Range ALL_V4 = new Range(IpAddress.v4(0), IpAddress.v4(-1));
    private static final Range ALL_V6 = new Range(new IpAddress(0, 0), new IpAddress(-1, -1));

    public static final AddressSet NONE = new AddressSet(List.of(), List.of());
    public static final AddressSet ALL = new AddressSet(List.of(ALL_V4), List.of(ALL_V6));

    private final List<Range> v4;
    private final List<Range> v6;

    /** 0 until it is asked for: many rules have the same large set. */
    private int hash;

    private AddressSet(List<Range> v4, List<Range> v6) {
        this.v4 = List.copyOf(v4);
        this.v6 = List.copyOf(v6);
    }

    public static AddressSet of(List<AddressPrefix> prefixes) {
        List<Range> v4 = new ArrayList<>();
        List<Range> v6 = new ArrayList<>();
        for (AddressPrefix p : prefixes) {
            (p.first().isV4() ? v4 : v6).add(new Range(p.first(), p.last()));
        }
        return new AddressSet(merged(v4), merged(v6));
    }

    /** Ranges of each family, in any order, overlapping or not. */
    public static AddressSet of(List<Range> v4, List<Range> v6) {
        return new AddressSet(merged(v4), merged(v6));
    }

    /** The addresses that are in any of these sets. */
    public static AddressSet unionOf(Collection<AddressSet> sets) {
        List<Range> v4 = new ArrayList<>();
        List<Range> v6 = new ArrayList<>();
        for (AddressSet set : sets) {
            v4.addAll(set.v4);
            v6.addAll(set.v6);
        }
        return of(v4, v6);
    }

    public AddressSet union(AddressSet other) {
        return new AddressSet(merged(concat(v4, other.v4)), merged(concat(v6, other.v6)));
    }

    public AddressSet complement() {
        return new AddressSet(gaps(v4, ALL_V4), gaps(v6, ALL_V6));
    }

    public AddressSet intersection(AddressSet other) {
        return complement().union(other.complement()).complement();
    }

    public AddressSet minus(AddressSet other) {
        return intersection(other.complement());
    }

    public boolean contains(IpAddress address) {
        List<Range> ranges = address.isV4() ? v4 : v6;
        int low = 0;
        int high = ranges.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Range range = ranges.get(middle);
            if (address.compareTo(range.first()) < 0) {
                high = middle - 1;
            } else if (address.compareTo(range.last()) > 0) {
                low = middle + 1;
            } else {
                return true;
            }
        }
        return false;
    }

    public boolean isEmpty() {
        return v4.isEmpty() && v6.isEmpty();
    }

    /** Whether some address is in both sets. */
    public boolean intersects(AddressSet other) {
        return intersect(v4, other.v4) || intersect(v6, other.v6);
    }

    /** Whether every address of the other set is in this one. */
    public boolean containsAll(AddressSet other) {
        return cover(v4, other.v4) && cover(v6, other.v6);
    }

    private static boolean intersect(List<Range> a, List<Range> b) {
        List<Range> few = a.size() < b.size() ? a : b;
        List<Range> many = few == a ? b : a;
        for (Range r : few) {
            int next = firstEndingAtOrAfter(many, r.first());
            if (next < many.size() && many.get(next).first().compareTo(r.last()) <= 0) {
                return true;
            }
        }
        return false;
    }

    private static boolean cover(List<Range> outer, List<Range> inner) {
        for (Range r : inner) {
            int next = firstEndingAtOrAfter(outer, r.first());
            // Ranges are not adjacent, so that one range is covered by one range or not at all.
            boolean covered = next < outer.size()
                    && outer.get(next).first().compareTo(r.first()) <= 0
                    && outer.get(next).last().compareTo(r.last()) >= 0;
            if (!covered) {
                return false;
            }
        }
        return true;
    }

    private static int firstEndingAtOrAfter(List<Range> ranges, IpAddress address) {
        int low = 0;
        int high = ranges.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (ranges.get(middle).last().compareTo(address) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** How many ranges it is made of. */
    public int size() {
        return v4.size() + v6.size();
    }

    /** The IPv4 ranges in order. */
    public List<Range> v4() {
        return v4;
    }

    /** The IPv6 ranges in order. */
    public List<Range> v6() {
        return v6;
    }

    private static List<Range> concat(List<Range> a, List<Range> b) {
        List<Range> all = new ArrayList<>(a);
        all.addAll(b);
        return all;
    }

    private static List<Range> merged(List<Range> ranges) {
        List<Range> sorted = new ArrayList<>(ranges);
        sorted.sort(Comparator.comparing(Range::first));
        List<Range> out = new ArrayList<>();
        for (Range r : sorted) {
            Range previous = out.isEmpty() ? null : out.get(out.size() - 1);
            if (previous == null
                    || (!isLast(previous.last()) && next(previous.last()).compareTo(r.first()) < 0)) {
                out.add(r);
            } else if (previous.last().compareTo(r.last()) < 0) {
                out.set(out.size() - 1, new Range(previous.first(), r.last()));
            }
        }
        return out;
    }

    private static List<Range> gaps(List<Range> ranges, Range world) {
        List<Range> out = new ArrayList<>();
        IpAddress from = world.first();
        for (Range r : ranges) {
            if (from.compareTo(r.first()) < 0) {
                out.add(new Range(from, previous(r.first())));
            }
            if (r.last().equals(world.last())) {
                return out;
            }
            from = next(r.last());
        }
        out.add(new Range(from, world.last()));
        return out;
    }

    private static boolean isLast(IpAddress a) {
        return a.high() == -1 && a.low() == -1;
    }

    private static IpAddress next(IpAddress a) {
        return new IpAddress(a.low() == -1 ? a.high() + 1 : a.high(), a.low() + 1);
    }

    private static IpAddress previous(IpAddress a) {
        return new IpAddress(a.low() == 0 ? a.high() - 1 : a.high(), a.low() - 1);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AddressSet set && v4.equals(set.v4) && v6.equals(set.v6);
    }

    @Override
    public int hashCode() {
        if (hash == 0) {
            hash = 31 * v4.hashCode() + v6.hashCode();
        }
        return hash;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Range r : concat(v4, v6)) {
            text.append(text.isEmpty() ? "" : ", ").append(r.first());
            if (!r.first().equals(r.last())) {
                text.append('-').append(r.last());
            }
        }
        return "{" + text + "}";
    }
}

package org.rpcward.proxy.kernel;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/**
 * A program that is no longer than it may be.
 *
 * @param kept how many ranges of sources it knows, the largest ones
 * @param of how many there are
 */
public record Fitted(Program program, int kept, int of) {
    private static final Comparator<AddressSet.Range> LARGEST_FIRST = Comparator.<AddressSet.Range, IpAddress>comparing(
                    Fitted::distance)
            .reversed()
            .thenComparing(AddressSet.Range::first);

    /** Whether all ranges found room. */
    public boolean isWhole() {
        return kept == of;
    }

    /**
     * Makes a program of as many ranges as have room.
     *
     * @param ranges in order
     * @param most how many instructions there may be
     */
    static Fitted of(List<AddressSet.Range> ranges, int most, Function<List<AddressSet.Range>, Program> maker) {
        int count = ranges.size();
        // Each range is an instruction at the least.
        if (count <= most) {
            Program whole = maker.apply(ranges);
            if (whole.length() <= most) {
                return new Fitted(whole, count, count);
            }
        }
        List<AddressSet.Range> bySize = new ArrayList<>(ranges);
        bySize.sort(LARGEST_FIRST);
        int fits = 0;
        int tooMany = Math.min(count, most + 1);
        Program best = maker.apply(List.of());
        while (tooMany - fits > 1) {
            int middle = (fits + tooMany) >>> 1;
            Program program = maker.apply(largest(ranges, bySize, middle));
            if (program.length() <= most) {
                best = program;
                fits = middle;
            } else {
                tooMany = middle;
            }
        }
        return new Fitted(best, fits, count);
    }

    private static List<AddressSet.Range> largest(
            List<AddressSet.Range> ranges, List<AddressSet.Range> bySize, int count) {
        Set<AddressSet.Range> chosen = new HashSet<>(bySize.subList(0, count));
        return ranges.stream().filter(chosen::contains).toList();
    }

    /** From the first to the last address of a range, as a number of 128 bits. */
    private static IpAddress distance(AddressSet.Range range) {
        IpAddress first = range.first();
        IpAddress last = range.last();
        long borrow = Long.compareUnsigned(last.low(), first.low()) < 0 ? 1 : 0;
        return new IpAddress(last.high() - first.high() - borrow, last.low() - first.low());
    }
}

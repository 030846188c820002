package org.rpcward.proxy.kernel;

import static org.rpcward.proxy.kernel.Instruction.JUMP_AT_LEAST;
import static org.rpcward.proxy.kernel.Instruction.JUMP_EQUAL;

import java.util.ArrayList;
import java.util.List;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/*
 * A set of ranges cuts the line of all addresses: at each cut, outside turns to inside or back. To find on which side a
 * source is, the first word of it is looked for among the first words of the cuts, in a balanced tree. Between two of
 * them the answer stands. Where the word equals that of a cut whose other words are not all zero, or of several cuts, the
 * next word is loaded and looked for among the next words of those. An IPv4 source has one word only.
 */
/** Code that finds out whether the source of a packet is in a set. */
final class SourceSearch {
    private final Assembler program;
    private final Header header;
    private final int inside;
    private final int outside;
    private final int[][] cuts;
    private final boolean beginsInside;

    /** The values of a word from a first one on: {@code to - from} cuts are among them, at one value, or none is. */
    private record Segment(int first, int from, int to) {
        boolean isDecided() {
            return from == to;
        }
    }

    private SourceSearch(Assembler program, Header header, List<AddressSet.Range> ranges, int inside, int outside) {
        this.program = program;
        this.header = header;
        this.inside = inside;
        this.outside = outside;
        List<int[]> all = new ArrayList<>(2 * ranges.size());
        boolean first = false;
        for (AddressSet.Range range : ranges) {
            int[] begin = words(range.first());
            int[] end = words(range.last());
            if (isZero(begin, 0)) {
                first = true;
            } else {
                all.add(begin);
            }
            if (increment(end)) {
                all.add(end);
            }
        }
        this.beginsInside = first;
        this.cuts = all.toArray(int[][]::new);
    }

    /**
     * Goes one way when the source is in a set, and another when it is not.
     *
     * @param ranges in order, disjoint and not adjacent
     */
    static int of(Assembler program, Header header, List<AddressSet.Range> ranges, int inside, int outside) {
        SourceSearch search = new SourceSearch(program, header, ranges, inside, outside);
        return search.word(0, 0, search.cuts.length);
    }

    private int[] words(IpAddress address) {
        int[] words = new int[header.words()];
        for (int i = 0; i < words.length; i++) {
            words[i] = header.word(address, i);
        }
        return words;
    }

    /** False when there is no next address. */
    private static boolean increment(int[] words) {
        for (int i = words.length - 1; i >= 0; i--) {
            if (++words[i] != 0) {
                return true;
            }
        }
        return false;
    }

    private static boolean isZero(int[] words, int from) {
        for (int i = from; i < words.length; i++) {
            if (words[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /** Looks at one word, for sources whose words before it are those of the cuts from one to another. */
    private int word(int word, int from, int to) {
        List<Segment> segments = segments(word, from, to);
        int found = tree(word, segments, 0, segments.size());
        return segments.size() == 1 ? found : program.block(found, header.load(word));
    }

    private List<Segment> segments(int word, int from, int to) {
        List<Segment> segments = new ArrayList<>();
        segments.add(new Segment(0, from, from));
        int next = from;
        while (next < to) {
            int value = cuts[next][word];
            int end = next;
            while (end < to && cuts[end][word] == value) {
                end++;
            }
            int open = isZero(cuts[next], word + 1) ? next + 1 : next;
            add(segments, new Segment(value, open, end));
            if (open < end && value != -1) {
                add(segments, new Segment(value + 1, end, end));
            }
            next = end;
        }
        return segments;
    }

    private void add(List<Segment> segments, Segment next) {
        Segment last = segments.get(segments.size() - 1);
        if (last.first() == next.first()) {
            segments.remove(segments.size() - 1);
            last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
        }
        boolean same =
                last != null && last.isDecided() && next.isDecided() && isInside(last.from()) == isInside(next.from());
        if (!same) {
            segments.add(next);
        }
    }

    private boolean isInside(int cutsBefore) {
        return beginsInside == ((cutsBefore & 1) == 0);
    }

    private int tree(int word, List<Segment> segments, int from, int to) {
        Segment first = segments.get(from);
        if (to - from == 1) {
            return first.isDecided()
                    ? isInside(first.from()) ? inside : outside
                    : word(word + 1, first.from(), first.to());
        }
        if (to - from == 3 && isOneValueBetweenEquals(segments, from)) {
            int elsewhere = tree(word, segments, from, from + 1);
            int there = tree(word, segments, from + 1, from + 2);
            return program.branch(JUMP_EQUAL, segments.get(from + 1).first(), there, elsewhere);
        }
        int middle = (from + to) >>> 1;
        int above = tree(word, segments, middle, to);
        int below = tree(word, segments, from, middle);
        return program.branch(JUMP_AT_LEAST, segments.get(middle).first(), above, below);
    }

    private boolean isOneValueBetweenEquals(List<Segment> segments, int from) {
        Segment before = segments.get(from);
        Segment value = segments.get(from + 1);
        Segment after = segments.get(from + 2);
        return before.isDecided()
                && after.isDecided()
                && value.first() + 1 == after.first()
                && isInside(before.from()) == isInside(after.from());
    }
}

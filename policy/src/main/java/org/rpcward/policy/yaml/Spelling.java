package org.rpcward.policy.yaml;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds what was probably meant. */
public final class Spelling {
    private static final int LONGEST = 32;
    private static final int MOST_CANDIDATES = 1000;

    private Spelling() {}

    /** "did you mean 'x'?" for the nearest candidate, or null when none is near. Of equals, the first. */
    static @Nullable String didYouMean(String word, Collection<String> candidates) {
        String nearest = nearest(word, candidates);
        return nearest == null ? null : "did you mean " + PlainText.quoted(nearest) + "?";
    }

    public static @Nullable String nearest(String word, Collection<String> candidates) {
        String wanted = word.toLowerCase(Locale.ROOT);
        if (wanted.isEmpty() || wanted.length() > LONGEST) {
            return null;
        }
        String best = null;
        int bestDistance = tolerance(wanted) + 1;
        int tried = 0;
        for (String candidate : candidates) {
            int gap = Math.abs(candidate.length() - wanted.length());
            if (gap < bestDistance && candidate.length() <= LONGEST && tried++ < MOST_CANDIDATES) {
                int distance = distance(wanted, candidate.toLowerCase(Locale.ROOT));
                if (distance < bestDistance) {
                    best = candidate;
                    bestDistance = distance;
                }
            }
        }
        return best;
    }

    private static int tolerance(String word) {
        return word.length() <= 2 ? 0 : word.length() <= 4 ? 1 : word.length() <= 8 ? 2 : 3;
    }

    /** Insertions, deletions, replacements and swaps of neighbours (Damerau and Levenshtein, optimal alignment). */
    static int distance(String a, String b) {
        int[] beforeLast = new int[b.length() + 1];
        int[] last = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = last[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replace, Math.min(last[j], row[j - 1]) + 1);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
                }
            }
            int[] free = beforeLast;
            beforeLast = last;
            last = row;
            row = free;
        }
        return last[b.length()];
    }
}

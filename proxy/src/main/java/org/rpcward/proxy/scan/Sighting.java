package org.rpcward.proxy.scan;

import java.util.List;
import java.util.Locale;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/**
 * A source that was taken for a scanner, and what for.
 *
 * @param transport by which it scored
 * @param points within the window
 * @param programs how many it asked for; never too many, and too few by some when there are very many
 * @param misses how many of these were not there, likewise
 */
public record Sighting(
        IpAddress source, Transport transport, int points, int programs, int misses, List<Fingerprint> fingerprints) {
    public Sighting {
        fingerprints = List.copyOf(fingerprints);
    }

    /** Which bound the points reached. */
    public enum Bound {
        THROTTLE,
        BAN;

        private final String word = name().toLowerCase(Locale.ROOT);

        public String word() {
            return word;
        }
    }

    /** Names of what it was known by, or nothing. */
    public String fingerprint() {
        return String.join(", ", fingerprints.stream().map(Fingerprint::word).toList());
    }

    /** In words. */
    public String evidence() {
        String counts = points + " points, " + programs + " programs, " + misses + " misses";
        return fingerprints.isEmpty() ? counts : counts + ", " + fingerprint();
    }
}

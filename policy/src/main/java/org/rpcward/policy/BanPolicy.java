package org.rpcward.policy;

import java.time.Duration;
import org.rpcward.policy.net.AddressSet;

/**
 * How long bans last, and who is never banned.
 *
 * @param never sources that nothing bans of itself; an administrator still can
 * @param first how long a source's first ban lasts
 * @param factor how many times as long as the one before each further ban lasts
 * @param longest the longest ban
 */
public record BanPolicy(AddressSet never, Duration first, double factor, Duration longest) {
    public static final BanPolicy DEFAULT =
            new BanPolicy(AddressSet.NONE, Duration.ofSeconds(60), 4, Duration.ofHours(24));
}

package org.rpcward.proxy.ban;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.rpcward.policy.BanPolicy;
import org.rpcward.policy.net.AddressPrefix;

/**
 * How often sources were banned automatically: each time for longer. The one not heard of for longest makes room. Not
 * thread-safe.
 */
final class Offenders {
    private static final int MOST = 10_000;

    /** The part by which a ban may be shorter or longer, so that bans of one moment do not all end in one moment. */
    private static final double JITTER = 0.1;

    private final RandomGenerator random;
    private final Map<AddressPrefix, Offender> bySource = new LinkedHashMap<>();

    /** How often a source was banned, and when that is forgotten. */
    private record Offender(int count, long untilNanos) {}

    /** The next ban of a source: which one it is, and how long it lasts. */
    record Next(int offence, Duration length) {}

    /** Takes what is kept of a source. */
    interface Reader {
        void read(AddressPrefix source, int count, long untilNanos);
    }

    Offenders(RandomGenerator random) {
        this.random = random;
    }

    /** Counts an offence. A source that stays quiet after its ban for as long as the longest ban lasts starts over. */
    Next count(AddressPrefix source, BanPolicy policy, long now) {
        Offender before = bySource.remove(source);
        int offence = before == null || before.untilNanos() - now <= 0 ? 1 : before.count() + 1;
        Duration length = ladder(policy, offence);
        keep(source, offence, now + length.toNanos() + policy.longest().toNanos());
        return new Next(offence, length);
    }

    private Duration ladder(BanPolicy policy, int offence) {
        double longest = policy.longest().toNanos();
        double length = Math.min(longest, policy.first().toNanos() * Math.pow(policy.factor(), offence - 1.0));
        double jittered = length * (1 - JITTER + 2 * JITTER * random.nextDouble());
        return Duration.ofNanos((long) Math.min(longest, jittered));
    }

    void keep(AddressPrefix source, int count, long untilNanos) {
        bySource.put(source, new Offender(count, untilNanos));
        Oldest.trim(bySource.keySet(), MOST);
    }

    /** What sources of a prefix did is forgotten. */
    void forgive(AddressPrefix prefix) {
        bySource.keySet().removeIf(prefix::contains);
    }

    void tick(long now) {
        Oldest.removeWhile(bySource.values(), offender -> offender.untilNanos() - now <= 0);
    }

    void forEach(Reader reader) {
        bySource.forEach((source, offender) -> reader.read(source, offender.count(), offender.untilNanos()));
    }
}

package org.rpcward.proxy.metrics;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.frontend.Admission;
import org.rpcward.proxy.frontend.CloseReason;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.limit.Limits;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.scan.Scans;

/** A proxy that has just started. */
final class FakeSources implements Sources {
    private final Bans bans = Services.bans(new FakeClock());
    private final Scans scans = Services.scans();
    private final Overload overload = new Overload(new FakeClock());
    private Policy policy;

    FakeSources(Policy policy) {
        this.policy = policy;
    }

    void policy(Policy next) {
        policy = next;
    }

    @Override
    public Policy policy() {
        return policy;
    }

    @Override
    public String transport() {
        return "epoll";
    }

    @Override
    public Map<String, Integer> connections() {
        return Map.of();
    }

    @Override
    public Map<String, Long> admissions(String listener) {
        return Arrays.stream(Admission.values())
                .collect(Collectors.toMap(Admission::word, a -> listener.startsWith("busy") ? 2L : 0L));
    }

    @Override
    public Map<String, Long> closes() {
        return Arrays.stream(CloseReason.values()).collect(Collectors.toMap(CloseReason::word, r -> 0L));
    }

    @Override
    public Scans scans() {
        return scans;
    }

    @Override
    public Overload overload() {
        return overload;
    }

    @Override
    public List<Drops> drops() {
        return List.of(
                new Drops("lan", Transport.UDP, "known", 0),
                new Drops("lan", Transport.UDP, "other", 0),
                new Drops("lan", Transport.TCP, "shared", 0));
    }

    @Override
    public Bans bans() {
        return bans;
    }

    @Override
    public List<LimitState> limits() {
        return Limits.of(policy, null).states();
    }

    @Override
    public CacheStats listings() {
        return CacheStats.empty();
    }

    @Override
    public long listingsWithoutRoom() {
        return 0;
    }

    @Override
    public long listingsExpired() {
        return 0;
    }

    @Override
    public long listingEntries() {
        return 0;
    }

    @Override
    public long listingBytes() {
        return 0;
    }

    @Override
    public Map<String, Directory> directories() {
        return Map.of();
    }

    @Override
    public long lostEvents() {
        return 0;
    }
}

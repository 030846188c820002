package org.rpcward.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.rpcward.policy.BanPolicy;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.LimitPolicy.Scope;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.policy.yaml.Quantity;

/** Tells what bounds how often a client may ask. */
final class LimitText {
    private LimitText() {}

    /** The limits to which a rule charges a source, one a line. */
    static List<String> of(Rule rule, IpAddress source) {
        List<String> lines = new ArrayList<>();
        for (LimitPolicy limit : rule.limits()) {
            String audit = limit.isAudit() ? " (mode: audit: told, not done)" : "";
            lines.add(limit.name() + ": " + Quantity.rate(limit) + ", burst " + Quantity.burst(limit)
                    + ", per " + shared(limit, source) + "; beyond that, "
                    + limit.over().word() + audit);
        }
        return lines.isEmpty() ? List.of("none") : lines;
    }

    private static String shared(LimitPolicy limit, IpAddress source) {
        String word = limit.per().name().toLowerCase(Locale.ROOT);
        int bits = source.isV4() ? limit.v4Bits() : limit.v6Bits();
        String prefix = new AddressPrefix(source, bits).toString();
        return limit.per() == Scope.PREFIX
                ? word + " " + prefix
                : limit.per() == Scope.SOURCE
                        ? word + " (newcomers of " + prefix + " share " + limit.rollup() + " times that)"
                        : word;
    }

    /** What becomes of a client that asks for one thing after another. */
    static String onScans(Policy policy, Query query) {
        EnumerationPolicy enumeration = policy.enumeration();
        return switch (enumeration.reaction()) {
            case OFF -> "are not noticed";
            case TELL -> "are told in the log, and nobody is hindered";
            case HINDER ->
                "lookups once a second from " + enumeration.throttleAt() + " points in "
                        + Quantity.duration(enumeration.window()) + " on; " + banned(policy, query);
        };
    }

    private static String banned(Policy policy, Query query) {
        BanPolicy bans = policy.bans();
        int banAt = policy.enumeration().banAt();
        if (banAt == EnumerationPolicy.NEVER) {
            return "no bans";
        }
        if (bans.never().contains(query.source())) {
            return "never banned, as 'bans' says";
        }
        if (query.transport() == Transport.UDP) {
            return "over UDP, nobody is banned";
        }
        return "banned for " + Quantity.duration(bans.first()) + " from " + banAt + " on, for "
                + Quantity.duration(bans.longest()) + " at most when it comes again";
    }
}

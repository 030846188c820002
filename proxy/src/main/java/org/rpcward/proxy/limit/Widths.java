package org.rpcward.proxy.limit;

import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.net.IpAddress;

/** Cuts addresses to the prefixes of a limit. */
final class Widths {
    private final long v4Mask;
    private final long v6HighMask;
    private final long v6LowMask;

    Widths(LimitPolicy limit) {
        this.v4Mask = highBits(32 + limit.v4Bits());
        this.v6HighMask = highBits(limit.v6Bits());
        this.v6LowMask = highBits(limit.v6Bits() - 64);
    }

    private static long highBits(int count) {
        return count <= 0 ? 0 : count >= 64 ? -1L : -1L << (64 - count);
    }

    long high(IpAddress address) {
        return address.isV4() ? 0 : address.high() & v6HighMask;
    }

    /** What marks an IPv4 address stays, so that no prefix of one family is one of the other. */
    long low(IpAddress address) {
        return address.low() & (address.isV4() ? v4Mask : v6LowMask);
    }
}

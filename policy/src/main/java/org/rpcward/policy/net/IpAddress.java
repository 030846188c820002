package org.rpcward.policy.net;

import java.util.Optional;

/**
 * An IPv4 or IPv6 address. An IPv4 address is held in its mapped form (RFC 4291, section 2.5.5.2), so that a client has
 * one address whichever socket it came in by. Zones are not part of it.
 *
 * @param high the first eight bytes, in network order
 * @param low the last eight bytes, in network order
 */
public record IpAddress(long high, long low) implements Comparable<IpAddress> {
    private static final long MAPPED = 0xffffL << 32;

    /** An IPv4 address of its four bytes in network order. */
    public static IpAddress v4(int bits) {
        return new IpAddress(0, MAPPED | (bits & 0xffff_ffffL));
    }

    /**
     * An address of its four or sixteen bytes in network order.
     *
     * @throws IllegalArgumentException if there are neither four nor sixteen of them
     */
    public static IpAddress of(byte[] bytes) {
        if (bytes.length == 4) {
            return v4((int) bigEndian(bytes, 0, 4));
        }
        if (bytes.length == 16) {
            return new IpAddress(bigEndian(bytes, 0, 8), bigEndian(bytes, 8, 8));
        }
        throw new IllegalArgumentException("an address has 4 or 16 bytes, length=" + bytes.length);
    }

    private static long bigEndian(byte[] bytes, int from, int count) {
        long value = 0;
        for (int i = from; i < from + count; i++) {
            value = value << 8 | (bytes[i] & 0xff);
        }
        return value;
    }

    /** Reads dotted quads and RFC 4291 text, no names, no zones, no shortened or octal quads. */
    public static Optional<IpAddress> parse(String text) {
        return IpText.parse(text);
    }

    public boolean isV4() {
        return high == 0 && low >>> 32 == 0xffff;
    }

    /** The four bytes of an IPv4 address. */
    public int v4Bits() {
        return (int) low;
    }

    /** 32 or 128. */
    public int bits() {
        return isV4() ? 32 : 128;
    }

    /** Four or sixteen bytes in network order. */
    public byte[] bytes() {
        int length = bits() / 8;
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            long word = length == 16 && i < 8 ? high : low;
            bytes[i] = (byte) (word >>> (8 * (7 - (length == 16 ? i & 7 : i + 4))));
        }
        return bytes;
    }

    public boolean isLoopback() {
        return isV4() ? v4Bits() >>> 24 == 127 : high == 0 && low == 1;
    }

    /** 0.0.0.0 or ::. */
    public boolean isWildcard() {
        return isV4() ? v4Bits() == 0 : high == 0 && low == 0;
    }

    public boolean isLinkLocal() {
        return isV4() ? v4Bits() >>> 16 == 0xa9fe : high >>> 54 == 0xfe80 >>> 6;
    }

    public boolean isMulticast() {
        return isV4() ? v4Bits() >>> 28 == 0xe : high >>> 56 == 0xff;
    }

    /**
     * A hash for tables whose keys come from the network: who does not know the seed cannot choose addresses that fall
     * together.
     *
     * @param high the first eight bytes of an address
     * @param low the last eight bytes
     */
    public static long hash(long high, long low, long seed) {
        long hash = mix(high ^ seed) + low;
        return mix(hash ^ Long.rotateLeft(seed, 32));
    }

    /** The finalizer of MurmurHash3: every bit of the value touches every bit of the result. */
    private static long mix(long value) {
        long mixed = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }

    /** By bytes; IPv4 addresses stand together, at their mapped place. */
    @Override
    public int compareTo(IpAddress other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    /** The text of RFC 5952 or a dotted quad. */
    @Override
    public String toString() {
        return IpText.format(this);
    }
}

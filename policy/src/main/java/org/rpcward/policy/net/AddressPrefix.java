package org.rpcward.policy.net;

import java.util.Optional;

/**
 * An address block in CIDR form, with its host bits cleared.
 *
 * @param first the lowest address of the block
 * @param length 0 to 32 for IPv4, 0 to 128 for IPv6
 */
public record AddressPrefix(IpAddress first, int length) {
    public AddressPrefix {
        if (length < 0 || length > first.bits()) {
            throw new IllegalArgumentException("prefix length out of range: length=" + length);
        }
        first = masked(first, length);
    }

    /** Reads {@code 10.0.0.0/8}, {@code 2001:db8::/32}, or a lone address. Host bits may be set: see {@link #parse}. */
    public static Optional<AddressPrefix> parse(String text) {
        int slash = text.indexOf('/');
        Optional<IpAddress> address = IpAddress.parse(slash < 0 ? text : text.substring(0, slash));
        if (address.isEmpty()) {
            return Optional.empty();
        }
        int length = slash < 0 ? address.get().bits() : parseLength(text.substring(slash + 1));
        return length < 0 || length > address.get().bits()
                ? Optional.empty()
                : Optional.of(new AddressPrefix(address.get(), length));
    }

    private static int parseLength(String text) {
        if (text.isEmpty() || text.length() > 3 || (text.length() > 1 && text.charAt(0) == '0')) {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    private static IpAddress masked(IpAddress address, int length) {
        int bits = length + (128 - address.bits());
        return new IpAddress(address.high() & highMask(bits), address.low() & (bits <= 64 ? 0 : highMask(bits - 64)));
    }

    private static long highMask(int bits) {
        return bits >= 64 ? -1L : bits <= 0 ? 0 : -1L << (64 - bits);
    }

    /** The highest address of the block. */
    public IpAddress last() {
        int bits = length + (128 - first.bits());
        return new IpAddress(first.high() | ~highMask(bits), first.low() | (bits <= 64 ? -1L : ~highMask(bits - 64)));
    }

    public boolean contains(IpAddress address) {
        return address.isV4() == first.isV4() && masked(address, length).equals(first);
    }

    /** Whether all of the other block is in this one. */
    public boolean contains(AddressPrefix other) {
        return length <= other.length && contains(other.first);
    }

    /** Whether some address is in both. */
    public boolean overlaps(AddressPrefix other) {
        return contains(other) || other.contains(this);
    }

    @Override
    public String toString() {
        return first + "/" + length;
    }
}

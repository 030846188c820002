package org.rpcward.proxy.rpcbind;

import java.util.Optional;
import org.rpcward.policy.net.IpAddress;

/**
 * An address with a port (RFC 5665, section 5.2.3): the text of the address, then the two octets of the port, all joined
 * by dots.
 *
 * @param port 0 to 65535
 */
public record UniversalAddress(IpAddress host, int port) {
    /** The longest text that is taken from anybody, in bytes; the longest good one has 53. */
    public static final int MAX_LENGTH = 64;

    /** Reads the text strictly: octets of the port from 0 to 255 without leading zeros, no zone. */
    public static Optional<UniversalAddress> parse(String text) {
        int low = text.lastIndexOf('.');
        int high = low <= 0 ? -1 : text.lastIndexOf('.', low - 1);
        if (high <= 0 || text.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        int highOctet = octet(text, high + 1, low);
        int lowOctet = octet(text, low + 1, text.length());
        if (highOctet < 0 || lowOctet < 0) {
            return Optional.empty();
        }
        return IpAddress.parse(text.substring(0, high))
                .map(host -> new UniversalAddress(host, highOctet << 8 | lowOctet));
    }

    private static int octet(String text, int from, int to) {
        int digits = to - from;
        if (digits < 1 || digits > 3 || (digits > 1 && text.charAt(from) == '0')) {
            return -1;
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value <= 255 ? value : -1;
    }

    @Override
    public String toString() {
        return host + "." + (port >>> 8) + "." + (port & 0xff);
    }
}

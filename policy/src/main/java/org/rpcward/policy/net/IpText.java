package org.rpcward.policy.net;

import java.util.Optional;

/** The text form of addresses: strict when reading, RFC 5952 when writing. */
final class IpText {
    private static final int GROUPS = 8;
    private static final int LONGEST = 45;

    private IpText() {}

    static Optional<IpAddress> parse(String text) {
        if (text.isEmpty() || text.length() > LONGEST) {
            return Optional.empty();
        }
        if (text.indexOf(':') < 0) {
            long quad = parseQuad(text);
            return quad < 0 ? Optional.empty() : Optional.of(IpAddress.v4((int) quad));
        }
        return parseV6(text);
    }

    /** Four decimal numbers without leading zeros, or -1. */
    private static long parseQuad(String text) {
        long bits = 0;
        int parts = 0;
        int at = 0;
        while (parts < 4) {
            int value = 0;
            int digits = 0;
            while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9' && digits < 3) {
                value = value * 10 + (text.charAt(at++) - '0');
                digits++;
            }
            if (digits == 0 || value > 255 || (digits > 1 && text.charAt(at - digits) == '0')) {
                return -1;
            }
            bits = bits << 8 | value;
            parts++;
            if (parts < 4 && (at >= text.length() || text.charAt(at++) != '.')) {
                return -1;
            }
        }
        return at == text.length() ? bits : -1;
    }

    private static Optional<IpAddress> parseV6(String text) {
        int gap = text.indexOf("::");
        int[] groups = new int[GROUPS];
        if (gap < 0) {
            return parseGroups(text, groups, 0) == GROUPS ? Optional.of(join(groups)) : Optional.empty();
        }
        int[] tail = new int[GROUPS];
        int before = gap == 0 ? 0 : parseGroups(text.substring(0, gap), groups, 0);
        String rest = text.substring(gap + 2);
        int after = rest.isEmpty() ? 0 : parseGroups(rest, tail, 0);
        boolean quadBeforeGap = text.lastIndexOf('.', gap) >= 0;
        if (before < 0 || after < 0 || before + after >= GROUPS || quadBeforeGap) {
            return Optional.empty();
        }
        System.arraycopy(tail, 0, groups, GROUPS - after, after);
        return Optional.of(join(groups));
    }

    /** Reads colon-separated groups, the last of which may be a dotted quad; says how many 16-bit groups, or -1. */
    private static int parseGroups(String text, int[] groups, int from) {
        int count = from;
        int at = 0;
        while (true) {
            int end = text.indexOf(':', at);
            String group = end < 0 ? text.substring(at) : text.substring(at, end);
            if (end < 0 && group.indexOf('.') >= 0) {
                long quad = parseQuad(group);
                if (quad < 0 || count + 2 > GROUPS) {
                    return -1;
                }
                groups[count++] = (int) (quad >>> 16);
                groups[count++] = (int) (quad & 0xffff);
                return count;
            }
            int value = parseGroup(group);
            if (value < 0 || count >= GROUPS) {
                return -1;
            }
            groups[count++] = value;
            if (end < 0) {
                return count;
            }
            at = end + 1;
        }
    }

    private static int parseGroup(String group) {
        if (group.isEmpty() || group.length() > 4) {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < group.length(); i++) {
            char c = group.charAt(i);
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }

    private static IpAddress join(int[] groups) {
        long high = 0;
        long low = 0;
        for (int i = 0; i < 4; i++) {
            high = high << 16 | groups[i];
            low = low << 16 | groups[i + 4];
        }
        return new IpAddress(high, low);
    }

    static String format(IpAddress address) {
        if (address.isV4()) {
            int bits = address.v4Bits();
            return (bits >>> 24) + "." + (bits >>> 16 & 0xff) + "." + (bits >>> 8 & 0xff) + "." + (bits & 0xff);
        }
        int[] groups = new int[GROUPS];
        for (int i = 0; i < GROUPS; i++) {
            long word = i < 4 ? address.high() : address.low();
            groups[i] = (int) (word >>> (16 * (3 - (i & 3))) & 0xffff);
        }
        // The longest run of zero groups, the first of equals, is written "::"; a single one is not.
        int runStart = -1;
        int runLength = 1;
        for (int i = 0; i < GROUPS; i++) {
            int length = 0;
            while (i + length < GROUPS && groups[i + length] == 0) {
                length++;
            }
            if (length > runLength) {
                runStart = i;
                runLength = length;
            }
        }
        StringBuilder text = new StringBuilder(LONGEST);
        for (int i = 0; i < GROUPS; i++) {
            if (i == runStart) {
                text.append("::");
                i += runLength - 1;
                continue;
            }
            if (i > 0 && i != runStart + runLength) {
                text.append(':');
            }
            text.append(Integer.toHexString(groups[i]));
        }
        return text.toString();
    }
}

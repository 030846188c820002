package org.rpcward.policy.yaml;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Tells addresses from everything that is written in their place. */
final class AddressReader {
    /** What is wrong with a text, and what to do about it. */
    record Mistake(Code code, String text, @Nullable String hint) {}

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*\\.?");
    private static final Pattern WITH_PORT = Pattern.compile("([0-9.]+|\\[[0-9a-fA-F:.]+])[:/]([0-9]+)");
    private static final Pattern MASKED = Pattern.compile("([0-9.]{7,15})/([0-9.]{7,15})");
    private static final Pattern STARRED = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,3}){0,2})((?:\\.\\*){1,3}|\\.)");

    private AddressReader() {}

    /** Whether a text is meant as an address or prefix rather than as a name. */
    static boolean isMeantAsAddress(String text) {
        return text.isEmpty()
                || (text.charAt(0) >= '0' && text.charAt(0) <= '9')
                || text.indexOf('/') >= 0
                || text.indexOf(':') >= 0
                || text.indexOf('*') >= 0;
    }

    static Optional<IpAddress> address(ScalarNode node, Problems problems) {
        Optional<IpAddress> address = IpAddress.parse(node.getValue());
        if (address.isEmpty()) {
            Mistake mistake = mistakeIn(node.getValue(), false);
            problems.at(node, mistake.code(), mistake.text(), mistake.hint());
        }
        return address;
    }

    /** What keeps a text from being an address, or a prefix. */
    static Mistake mistakeIn(String text, boolean prefixWanted) {
        String quoted = PlainText.quoted(text);
        String wanted = prefixWanted ? "an address or prefix" : "an address";
        if (text.length() > 64) {
            return new Mistake(Code.BAD_ADDRESS, quoted + " is not " + wanted, null);
        }
        if (!isMeantAsAddress(text)
                || (HOST.matcher(text).matches() && text.chars().anyMatch(Character::isLetter))) {
            return new Mistake(
                    Code.HOST_NAME,
                    quoted + " is not " + wanted,
                    "host names are not looked up: write "
                            + (text.equals("localhost") ? "127.0.0.1 or \"::1\"" : "the address"));
        }
        String hint = hintFor(text, prefixWanted);
        return new Mistake(Code.BAD_ADDRESS, quoted + " is not " + wanted, hint);
    }

    private static @Nullable String hintFor(String text, boolean prefixWanted) {
        int slash = text.indexOf('/');
        String before = slash < 0 ? text : text.substring(0, slash);
        Optional<IpAddress> address = IpAddress.parse(before);
        if (slash >= 0 && address.isPresent()) {
            if (!prefixWanted) {
                return "an address without a prefix length is wanted: " + address.get();
            }
            Matcher masked = MASKED.matcher(text);
            int length = masked.matches() ? lengthOf(masked.group(2)) : -1;
            if (length >= 0) {
                return "did you mean '" + address.get() + "/" + length + "'?";
            }
            boolean mapped = before.indexOf(':') >= 0 && address.get().isV4();
            return mapped
                    ? "write it as an IPv4 prefix"
                    : "the length goes from 0 to " + address.get().bits();
        }
        Matcher port = WITH_PORT.matcher(text);
        if (port.matches() && text.indexOf(':') >= 0) {
            return "without a port: " + port.group(1).replaceAll("[\\[\\]]", "");
        }
        if (before.indexOf('%') >= 0) {
            return "write it without the zone (% and what follows)";
        }
        if (text.indexOf('-') > 0 && !text.startsWith("-")) {
            return "ranges are written as prefixes: 10.1.5.0/24";
        }
        Matcher starred = STARRED.matcher(text);
        if (starred.matches()) {
            int parts = starred.group(1).split("\\.", -1).length;
            String zeros = ".0".repeat(4 - parts);
            return "did you mean '" + starred.group(1) + zeros + "/" + parts * 8 + "'?";
        }
        if (text.equals("*")) {
            return "did you mean 'any'?";
        }
        return unpadded(before);
    }

    private static String unpadded(String text) {
        String stripped = text.replaceAll("(^|\\.)0+([0-9])", "$1$2");
        return !stripped.equals(text) && IpAddress.parse(stripped).isPresent()
                ? "did you mean '" + stripped + "'? leading zeros mean octal to some, decimal to others"
                : "for example 10.1.5.7, 10.20.0.0/16 or \"2001:db8::/32\"";
    }

    private static int lengthOf(String mask) {
        Optional<IpAddress> address = IpAddress.parse(mask);
        if (address.isEmpty() || !address.get().isV4()) {
            return -1;
        }
        int inverted = ~address.get().v4Bits();
        return (inverted & (inverted + 1)) == 0 ? Integer.numberOfLeadingZeros(inverted) : -1;
    }

    /** The prefix if bits are set beyond its length, to be shown as what was meant; else null. */
    static @Nullable AddressPrefix correctedPrefix(String text, AddressPrefix prefix) {
        int slash = text.indexOf('/');
        Optional<IpAddress> address = IpAddress.parse(slash < 0 ? text : text.substring(0, slash));
        return address.isPresent() && !address.get().equals(prefix.first()) ? prefix : null;
    }
}

package org.rpcward.policy.yaml;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.net.IpAddress;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * Reads addresses with a port: {@code 127.0.0.1:111}, {@code [2001:db8::1]:111}, or without one.
 *
 * @param usualPort the port of an address without one
 * @param example for a hint
 */
record EndpointReader(int usualPort, String example, Problems problems) {
    private static final int HIGHEST_PORT = 65_535;
    private static final Pattern V4_ENDPOINT = Pattern.compile("([^:\\[\\]]+):([0-9]{1,9})");
    private static final Pattern V6_ENDPOINT = Pattern.compile("\\[([^\\[\\]]*)\\](?::([0-9]{1,9}))?");

    /** The endpoint that a text names, or null when it names none, which is noted. */
    BackendPolicy.@Nullable Endpoint read(ScalarNode node) {
        String text = node.getValue();
        Matcher v6 = V6_ENDPOINT.matcher(text);
        Matcher v4 = V4_ENDPOINT.matcher(text);
        boolean bracketed = v6.matches();
        boolean withPort = !bracketed && v4.matches();
        String host = bracketed ? v6.group(1) : withPort ? v4.group(1) : text;
        String port = bracketed ? v6.group(2) : withPort ? v4.group(2) : null;
        Optional<IpAddress> address = IpAddress.parse(host);
        if (address.isEmpty() || (bracketed && host.indexOf(':') < 0)) {
            reportAddress(node, host, bracketed);
            return null;
        }
        long number = port == null ? usualPort : Quantity.parseCount(port);
        if (number < 1 || number > HIGHEST_PORT) {
            problems.at(node, Code.OUT_OF_BOUNDS, "a port goes from 1 to " + HIGHEST_PORT, null);
            return null;
        }
        return new BackendPolicy.Endpoint(address.get(), (int) number);
    }

    private void reportAddress(ScalarNode node, String host, boolean bracketed) {
        AddressReader.Mistake mistake = bracketed
                ? new AddressReader.Mistake(Code.BAD_ADDRESS, PlainText.quoted(host) + " is not an IPv6 address", null)
                : AddressReader.mistakeIn(host, false);
        String general = mistake.hint();
        boolean vague = general == null || general.startsWith("for example");
        problems.at(node, mistake.code(), mistake.text(), vague ? "for example " + example : general);
    }
}

package org.rpcward.proxy.admin;

import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.rpcward.policy.net.IpAddress;

/**
 * Which names the admin address is known by. A page in a browser of this host can give a name of its own our address
 * and then read what is here, as if it were its own; but the browser says the page's name in the Host header, and never an
 * address that the page did not have.
 */
final class HostCheck {
    private static final Pattern HOST = Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[^:\\[\\]]+)(?::[0-9]{1,5})?");

    private HostCheck() {}

    /**
     * Whether a request to this address may be for that host. The port is not looked at: it is another one at the near
     * end of a tunnel.
     */
    static boolean isOurs(String host, InetSocketAddress reachedAt) {
        Matcher parts = HOST.matcher(host);
        if (!parts.matches()) {
            return false;
        }
        String name = parts.group(1);
        if (name.equalsIgnoreCase("localhost")) {
            return reachedAt.getAddress().isLoopbackAddress();
        }
        String literal = name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
        IpAddress own = IpAddress.of(reachedAt.getAddress().getAddress());
        return IpAddress.parse(literal).filter(own::equals).isPresent();
    }
}

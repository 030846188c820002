package org.rpcward.proxy.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.frontend.LocalAddress;
import org.rpcward.proxy.rpcbind.Results;

/**
 * Finds the addresses that a listener's {@code bind} means on this host, now. Each gets sockets of its own, so that a
 * reply leaves from the address that was asked; that is why a wildcard stands for the addresses that there are.
 */
final class BindAddresses {
    /** An address of this host and the interface that has it. */
    private record Interfaced(InetAddress socketAddress, IpAddress address, String interfaceName) {}

    private final List<Interfaced> host;

    private BindAddresses(List<Interfaced> host) {
        this.host = host;
    }

    static BindAddresses ofThisHost() throws StartException {
        List<Interfaced> all = new ArrayList<>();
        try {
            for (NetworkInterface n : NetworkInterface.networkInterfaces().toList()) {
                n.inetAddresses().forEach(a -> all.add(new Interfaced(a, IpAddress.of(a.getAddress()), n.getName())));
            }
        } catch (SocketException e) {
            throw new StartException("cannot list the network interfaces of this host: " + e.getMessage());
        }
        return new BindAddresses(all);
    }

    List<LocalAddress> of(ListenerPolicy listener) throws StartException {
        Map<IpAddress, LocalAddress> found = new LinkedHashMap<>();
        for (String bind : listener.bind()) {
            for (Interfaced a : meaningOf(bind, listener)) {
                found.putIfAbsent(a.address(), local(a, listener));
            }
        }
        if (found.isEmpty()) {
            throw new StartException(at(listener) + "'external' means every address of this host that is neither"
                    + " loopback nor link-local,\n  and there is none. Is the network up? For a trial on this host"
                    + " alone, bind 127.0.0.1.");
        }
        return List.copyOf(found.values());
    }

    private List<Interfaced> meaningOf(String bind, ListenerPolicy listener) throws StartException {
        Optional<IpAddress> literal = IpAddress.parse(bind);
        if (literal.isPresent()) {
            return literal.get().isWildcard()
                    ? where(a -> a.address().isV4() == literal.get().isV4())
                    : List.of(ofLiteral(literal.get()));
        }
        if (bind.equals(ListenerPolicy.EXTERNAL)) {
            return where(a -> !a.address().isLoopback() && !a.address().isLinkLocal());
        }
        List<Interfaced> ofInterface = where(a -> a.interfaceName().equals(bind));
        if (ofInterface.isEmpty()) {
            TreeSet<String> names = new TreeSet<>();
            host.forEach(a -> names.add(a.interfaceName()));
            throw new StartException(at(listener) + "no interface '" + bind + "' with an address.\n"
                    + "  Interfaces of this host that have one: " + String.join(", ", names));
        }
        return ofInterface;
    }

    private static String at(ListenerPolicy listener) {
        return listener.place() + ": listener '" + listener.name() + "': ";
    }

    private List<Interfaced> where(Predicate<Interfaced> wanted) {
        return host.stream().filter(wanted).toList();
    }

    /** An address that the policy writes out. Whether this host has it shows when it is bound. */
    private Interfaced ofLiteral(IpAddress address) throws StartException {
        for (Interfaced a : host) {
            if (a.address().equals(address)) {
                return a;
            }
        }
        try {
            return new Interfaced(InetAddress.getByAddress(address.bytes()), address, "");
        } catch (UnknownHostException e) {
            throw new StartException(address + " cannot be bound: " + e.getMessage());
        }
    }

    private LocalAddress local(Interfaced at, ListenerPolicy listener) {
        IpAddress sibling = siblingOf(at);
        Results.Asked answers = at.address().isV4()
                ? new Results.Asked(at.address(), sibling)
                : new Results.Asked(sibling, at.address());
        return new LocalAddress(
                listener.name(), new InetSocketAddress(unscoped(at), listener.port()), at.address(), answers);
    }

    /** A scope is kept where it is needed, so that equal addresses are equal. */
    private static InetAddress unscoped(Interfaced at) {
        if (at.address().isLinkLocal() || !(at.socketAddress() instanceof Inet6Address)) {
            return at.socketAddress();
        }
        try {
            return InetAddress.getByAddress(at.address().bytes());
        } catch (UnknownHostException e) {
            return at.socketAddress();
        }
    }

    /** The first address of the other family on the same interface. */
    private @Nullable IpAddress siblingOf(Interfaced at) {
        for (Interfaced a : host) {
            if (a.interfaceName().equals(at.interfaceName())
                    && a.address().isV4() != at.address().isV4()
                    && !a.address().isLinkLocal()
                    && (at.address().isLoopback() || !a.address().isLoopback())) {
                return a.address();
            }
        }
        return null;
    }
}

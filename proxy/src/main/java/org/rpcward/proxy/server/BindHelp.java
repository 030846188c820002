package org.rpcward.proxy.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.rpcward.policy.rpc.Transport;

/** Says why an address cannot be bound, who has it, and what can be done: the first trouble of a first run. */
final class BindHelp {
    private static final Path PROC = Path.of("/proc");

    /** Fields of a line of /proc/net/tcp and its like. */
    private static final int LOCAL_ADDRESS = 1;

    private static final int INODE = 9;

    private static final int IPV6_BYTES = 16;

    private BindHelp() {}

    static String explain(String listener, InetSocketAddress at, Transport transport, Throwable cause) {
        String what = "listener '" + listener + "' cannot have " + transport.word() + " " + show(at) + ": ";
        String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("in use")) {
            Optional<Holder> holder = holder(at, transport);
            return what + "it is in use" + holder.map(h -> " by " + h.text()).orElse("") + ".\n"
                    + (holder.isPresent() && holder.get().isJava() ? secondOne() : movingAside(at.getPort()));
        }
        if (message.contains("permission") || message.contains("denied")) {
            return what + "no right to bind a port below 1024.\n" + rights(at.getPort());
        }
        if (message.contains("assign requested")) {
            return what + "this host has no such address (now).\n"
                    + "  'ip address' shows those that it has. For an address that comes and goes, such as that of a\n"
                    + "  cluster, bind the name of its interface, or set net.ipv4.ip_nonlocal_bind.";
        }
        return what + cause.getMessage() + ".";
    }

    private static String show(InetSocketAddress at) {
        String host = at.getAddress().getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + at.getPort();
    }

    /** Who has a socket that is in the way. */
    private record Holder(String name, String pid) {
        boolean isJava() {
            return name.equals("java");
        }

        String text() {
            return name + " (pid " + pid + ")" + (pid.equals("1") ? ", which listens for a socket unit" : "");
        }
    }

    private static Optional<Holder> holder(InetSocketAddress at, Transport transport) {
        Set<String> inodes = new HashSet<>();
        for (String table : List.of(transport.word(), transport.word() + "6")) {
            inodes.addAll(inodesOf(PROC.resolve("net").resolve(table), at));
        }
        return processWith(inodes);
    }

    /** Whether a socket at a local address of /proc/net/tcp and its like is in the way of one at another address. */
    private static boolean isInTheWay(String local, InetAddress at) {
        byte[] bytes = at.getAddress();
        byte[] mapped = new byte[IPV6_BYTES];
        if (bytes.length < IPV6_BYTES) {
            mapped[IPV6_BYTES - 6] = -1;
            mapped[IPV6_BYTES - 5] = -1;
            System.arraycopy(bytes, 0, mapped, IPV6_BYTES - bytes.length, bytes.length);
        }
        return at.isAnyLocalAddress()
                || local.matches("0+")
                || local.equals(asInProc(bytes))
                || local.equals(asInProc(mapped));
    }

    /** The kernel shows an address word by word, each as the machine has it in memory. */
    private static String asInProc(byte[] address) {
        StringBuilder text = new StringBuilder();
        ByteBuffer words = ByteBuffer.wrap(address).order(ByteOrder.nativeOrder());
        while (words.hasRemaining()) {
            text.append(String.format(Locale.ROOT, "%08X", words.getInt()));
        }
        return text.toString();
    }

    private static Set<String> inodesOf(Path table, InetSocketAddress at) {
        Set<String> inodes = new HashSet<>();
        String suffix = String.format(Locale.ROOT, ":%04X", at.getPort());
        try {
            for (String line : Files.readAllLines(table)) {
                String[] fields = line.trim().split("\\s+", -1);
                if (fields.length > INODE
                        && fields[LOCAL_ADDRESS].endsWith(suffix)
                        && isInTheWay(
                                fields[LOCAL_ADDRESS].substring(0, fields[LOCAL_ADDRESS].indexOf(':')),
                                at.getAddress())) {
                    inodes.add("socket:[" + fields[INODE] + "]");
                }
            }
        } catch (IOException e) {
            return inodes;
        }
        return inodes;
    }

    /** The process that holds one of these sockets, if we are allowed to see it. */
    private static Optional<Holder> processWith(Set<String> sockets) {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                if (holdsOne(process, sockets)) {
                    String name = Files.readString(process.resolve("comm")).trim();
                    return Optional.of(new Holder(name, String.valueOf(process.getFileName())));
                }
            }
        } catch (IOException e) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    private static boolean holdsOne(Path process, Set<String> sockets) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path file : files) {
                if (sockets.contains(Files.readSymbolicLink(file).toString())) {
                    return true;
                }
            }
        } catch (IOException e) {
            // The process is gone, or somebody else's.
            return false;
        }
        return false;
    }

    private static String secondOne() {
        return "  Is that another rpcward? 'rpcward ctl status' tells. Stop it first, or bind other addresses.";
    }

    private static String movingAside(int port) {
        if (port != 111) {
            return "  Stop what listens there, or give the listener another port.";
        }
        return """
                  An rpcbind that listens on all addresses has to move aside first. Three ways:
                  1. With systemd: put deploy/systemd/rpcbind.socket.d/rpcward.conf into
                     /etc/systemd/system/rpcbind.socket.d/, then
                     systemctl daemon-reload && systemctl restart rpcbind.socket
                     It then listens on 127.0.0.1 and ::1 only, and rpcward binds the other addresses.
                  2. On a port of its own: the same drop-in with port 10111, and
                     address: 127.0.0.1:10111 in the policy's backend.
                  3. In a network namespace of its own, with the namespace's address in the backend.
                  docs/same-host.md has each of them in full. 'rpcbind -h 127.0.0.1' is none: it keeps TCP
                  open on all addresses, and some versions abort.
                """.stripTrailing();
    }

    private static String rights(int port) {
        return """
                  Three ways:
                  1. Run the unit deploy/systemd/rpcward.service, which gives the capability and nothing else.
                  2. Give the capability to this run:
                     systemd-run -p DynamicUser=yes -p AmbientCapabilities=CAP_NET_BIND_SERVICE rpcward run ...
                  3. Let everybody bind it: sysctl net.ipv4.ip_unprivileged_port_start=%d
                """.formatted(port).stripTrailing();
    }
}

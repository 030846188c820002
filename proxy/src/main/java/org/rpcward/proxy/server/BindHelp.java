package org.rpcward.proxy.server;

import java.io.IOException;
import java.net.InetSocketAddress;
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

    private BindHelp() {}

    static String explain(String listener, InetSocketAddress at, Transport transport, Throwable cause) {
        String what = "listener '" + listener + "' cannot have " + transport.word() + " " + show(at) + ": ";
        String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("in use")) {
            return what + "it is in use" + holder(at.getPort(), transport) + ".\n" + movingAside(at.getPort());
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

    private static String holder(int port, Transport transport) {
        Set<String> inodes = new HashSet<>();
        for (String table : List.of(transport.word(), transport.word() + "6")) {
            inodes.addAll(inodesOf(PROC.resolve("net").resolve(table), port));
        }
        return processWith(inodes).map(p -> " by " + p).orElse("");
    }

    private static Set<String> inodesOf(Path table, int port) {
        Set<String> inodes = new HashSet<>();
        String suffix = String.format(Locale.ROOT, ":%04X", port);
        try {
            for (String line : Files.readAllLines(table)) {
                String[] fields = line.trim().split("\\s+", -1);
                if (fields.length > INODE && fields[LOCAL_ADDRESS].endsWith(suffix)) {
                    inodes.add("socket:[" + fields[INODE] + "]");
                }
            }
        } catch (IOException e) {
            return inodes;
        }
        return inodes;
    }

    /** The process that holds one of these sockets, if we are allowed to see it. */
    private static Optional<String> processWith(Set<String> sockets) {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                if (holdsOne(process, sockets)) {
                    String name = Files.readString(process.resolve("comm")).trim();
                    String pid = String.valueOf(process.getFileName());
                    return Optional.of(
                            pid.equals("1")
                                    ? name + " (pid 1), which listens for a socket unit"
                                    : name + " (pid " + pid + ")");
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

package org.rpcward.proxy.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A real rpcbind on a host of the lab. Registrations are made over its local socket, as services make them. */
final class Rpcbind implements AutoCloseable {
    private static final int SET = 1;
    private static final int UNSET = 2;
    private static final int DUMP = 4;
    private static final int GETSTAT = 12;

    private final Running process;

    /** One registration. */
    record Registration(int program, int version, String netid, String address) {}

    /** How rpcbind is started. */
    static final class Options {
        private final List<String> arguments = new ArrayList<>(List.of("-f", "-w"));
        private final StringBuilder before = new StringBuilder();
        private final List<String> starter = new ArrayList<>();

        Options arguments(List<String> more) {
            arguments.addAll(more);
            return this;
        }

        /** A /run of its own, so that several run on one host. */
        Options ownRun() {
            before.append("mount -t tmpfs none /run && mkdir -p /run/rpcbind && ");
            return this;
        }

        /** Another port than 111 for all sockets, which rpcbind takes from the services file. */
        Options port(int port) {
            before.append("sed 's#^\\(sunrpc[[:space:]]*\\)111/#\\1" + port
                    + "/#' /etc/services >/run/services && mount --bind /run/services /etc/services && ");
            return this;
        }

        /** A line of hosts.deny. */
        Options deny(String line) {
            before.append("echo '" + line + "' >/run/hosts.deny && mount --bind /run/hosts.deny /etc/hosts.deny && ");
            return this;
        }

        /** Sockets made beforehand and handed over, as systemd does for a socket unit. */
        Options activatedBy(List<String> program) {
            starter.addAll(program);
            return this;
        }

        private List<String> command() {
            List<String> command = new ArrayList<>(List.of(
                    "unshare", "--mount", "--propagation", "private", "sh", "-c", before + "exec \"$@\"", "sh"));
            command.addAll(starter);
            command.add(Programs.path("rpcbind"));
            command.addAll(arguments);
            return command;
        }
    }

    private Rpcbind(Running process) {
        this.process = process;
    }

    static Rpcbind start(Host host, Options options) {
        Rpcbind rpcbind = new Rpcbind(host.start(options.command()));
        try {
            rpcbind.awaitReady();
        } catch (RuntimeException | Error e) {
            rpcbind.close();
            throw e;
        }
        return rpcbind;
    }

    /** One that is not waited for: it begins when its sockets are first used. */
    static Rpcbind startLater(Host host, Options options) {
        return new Rpcbind(host.start(options.command()));
    }

    static Rpcbind start(Host host) {
        return start(host, new Options().ownRun());
    }

    Rpcbind awaitReady() {
        await().alias("rpcbind answers on its local socket")
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> {
                    if (!process.isAlive()) {
                        throw new IllegalStateException("rpcbind ended: " + process.diagnostics());
                    }
                    return isRpcbind() && Files.exists(socket()) && answers();
                });
        return this;
    }

    private boolean isRpcbind() throws IOException {
        return Files.readString(Path.of("/proc/" + process.pid() + "/comm")).startsWith("rpcbind");
    }

    private boolean answers() {
        try {
            return ask(Calls.call(1, 4, 0)).length == 24;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    private Path socket() {
        return Path.of("/proc/" + process.pid() + "/root/run/rpcbind.sock");
    }

    Running process() {
        return process;
    }

    void set(Registration r) {
        byte[] reply =
                ask(Calls.call(2, 4, SET, Calls.rpcb(r.program(), r.version(), r.netid(), r.address(), "superuser")));
        if (Calls.word(reply, 6) != 1) {
            throw new IllegalStateException("not taken: " + r);
        }
    }

    void set(List<Registration> registrations) {
        registrations.forEach(this::set);
    }

    void set(int program, int version, String netid, int port) {
        String host = netid.endsWith("6") ? "::" : "0.0.0.0";
        set(new Registration(program, version, netid, host + "." + (port >> 8) + "." + (port & 0xff)));
    }

    void unset(int program, int version, String netid) {
        byte[] reply = ask(Calls.call(2, 4, UNSET, Calls.rpcb(program, version, netid, "", "superuser")));
        if (Calls.word(reply, 6) != 1) {
            throw new IllegalStateException("not taken back: " + program);
        }
    }

    /** All that is registered, as rpcbind tells it over its local socket. */
    byte[] dump() {
        return ask(Calls.call(3, 4, DUMP));
    }

    /** What rpcbind was asked in its life, as it tells it over its local socket. */
    byte[] statistics() {
        return ask(Calls.call(4, 4, GETSTAT));
    }

    private byte[] ask(byte[] call) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket()));
            channel.write(ByteBuffer.wrap(Calls.record(call)));
            byte[] received = {};
            ByteBuffer buffer = ByteBuffer.allocate(65_536);
            while (Calls.records(received).isEmpty() && channel.read(buffer) >= 0) {
                byte[] part = new byte[buffer.flip().remaining()];
                buffer.get(part).clear();
                received = Calls.concat(received, part);
            }
            return Calls.records(received).stream()
                    .findFirst()
                    .orElseThrow(() -> new UncheckedIOException(new IOException("no reply")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.close();
    }
}

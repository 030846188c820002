package org.rpcward.proxy.backend;

import io.netty.channel.EventLoop;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.TransportType;

/** Asks one portmapper, at one address. */
public final class BackendClient implements Portmapper {
    private final EventLoop loop;
    private final Watcher watcher;
    private final boolean v4;
    private final UdpConversation udp;
    private final TcpConversation tcp;

    // Versions of the protocol: the next to be tried; the last that answered, 0 for none; the newest that the backend
    // said it speaks, 0 when it did not, and on which of the connections to it.
    private int dumpProtocol = Procedure.HIGHEST_PROTOCOL;
    private int answered;
    private int newestTold;
    private int toldOn;
    private boolean triedAgain;
    private boolean tcpAnswered;
    private boolean closed;

    /** Is told of each question, as it is asked and as it ends. */
    public interface Watcher {
        void asked();

        /**
         * A question ended, well or not.
         *
         * @param nanos since it was asked, or waited for a connection on which it could be
         */
        void ended(Transport transport, BackendResult.Status status, long nanos);
    }

    /** @param timeout how long one question may take, its repetition included */
    public BackendClient(
            InetSocketAddress backend,
            Duration timeout,
            TransportType transport,
            EventLoop loop,
            OwnConnections own,
            Watcher watcher) {
        this.loop = loop;
        this.watcher = watcher;
        this.v4 = backend.getAddress() instanceof Inet4Address;
        this.udp = new UdpConversation(backend, timeout, () -> transport.datagramChannel(v4), loop);
        this.tcp = new TcpConversation(backend, timeout, transport::socketChannel, loop, own);
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    /**
     * Reads the whole registry by DUMP in the newest version of the protocol that the backend speaks, which is
     * remembered for as long as the connection lasts. Over TCP, where a listing may have any length; over UDP if nobody has ever answered on TCP.
     */
    @Override
    public void dump(Consumer<BackendResult<List<Mapping>>> then) {
        if (newestTold != 0 && toldOn != tcp.connections()) {
            // Whoever is there now may be another one: an upgrade takes a moment, and old versions are still spoken.
            newestTold = 0;
            triedAgain = false;
            dumpProtocol = Procedure.HIGHEST_PROTOCOL;
        }
        dump(Transport.TCP, dumpProtocol, then);
    }

    private void dump(Transport transport, int protocol, Consumer<BackendResult<List<Mapping>>> then) {
        ask(transport, BackendCall.dump(protocol, result -> {
            BackendResult.Status status = result.status();
            if (status == BackendResult.Status.MISMATCH && protocol > Procedure.LOWEST_PROTOCOL) {
                newestTold = protocol - 1;
                toldOn = tcp.connections();
                dump(transport, protocol - 1, then);
            } else if (status.isNobody() && transport == Transport.TCP && !tcpAnswered) {
                dump(Transport.UDP, protocol, then);
            } else if (isUncertain(protocol, status)) {
                triedAgain = true;
                dump(
                        transport,
                        Procedure.HIGHEST_PROTOCOL,
                        newer -> then.accept(newer.value() != null ? newer : old(protocol, result)));
            } else {
                tcpAnswered |= status == BackendResult.Status.OK && transport == Transport.TCP;
                dumpProtocol = status == BackendResult.Status.OK ? protocol : afterFailure(protocol);
                answered = status == BackendResult.Status.OK ? protocol : answered;
                then.accept(result);
            }
        }));
    }

    /**
     * If an old version was answered although the backend never said that it knows no newer one, that may have been
     * luck: the newest is tried once more before the answer counts.
     */
    private boolean isUncertain(int protocol, BackendResult.Status status) {
        return status == BackendResult.Status.OK
                && protocol < Procedure.HIGHEST_PROTOCOL
                && protocol != newestTold
                && !triedAgain;
    }

    /** Nothing newer is spoken: the old version is the one. */
    private BackendResult<List<Mapping>> old(int protocol, BackendResult<List<Mapping>> result) {
        dumpProtocol = protocol;
        answered = protocol;
        return result;
    }

    /**
     * The newest version comes next, since the portmapper may have been replaced; after the newest, whichever answered
     * before, or the oldest: some instruments keep silent in versions that they do not know.
     */
    private int afterFailure(int protocol) {
        if (protocol < Procedure.HIGHEST_PROTOCOL) {
            return Procedure.HIGHEST_PROTOCOL;
        }
        return answered == 0 ? Procedure.LOWEST_PROTOCOL : answered;
    }

    /** Over IPv4 by GETPORT, over IPv6 by GETADDR, which needs a backend at an IPv6 address. */
    @Override
    public void port(
            int program, int version, Netid netid, Transport transport, Consumer<BackendResult<Integer>> then) {
        ask(transport, BackendCall.port(program, version, netid, then));
    }

    private void ask(Transport transport, BackendCall<?> call) {
        if (closed) {
            call.fail(BackendResult.Status.UNREACHABLE);
            return;
        }
        long began = loop.ticker().nanoTime();
        watcher.asked();
        BackendCall<?> watched = call.watchedBy(
                status -> watcher.ended(transport, status, loop.ticker().nanoTime() - began));
        if (transport == Transport.UDP) {
            udp.ask(watched);
        } else {
            tcp.ask(watched);
        }
    }

    /** The version of the protocol in which the registry was read last; 0 when it was not yet. */
    int protocol() {
        return answered;
    }

    /** Asks whether it is there, over UDP when nobody listens on TCP. */
    void ping(Consumer<BackendResult<Boolean>> then) {
        ask(Transport.TCP, BackendCall.ping(result -> {
            if (result.status().isNobody()) {
                ask(Transport.UDP, BackendCall.ping(then));
            } else {
                then.accept(result);
            }
        }));
    }

    @Override
    public boolean knowsV6() {
        return !v4;
    }

    /** Questions that wait end as unreachable, and so does whatever is asked from now on. */
    @Override
    public void close() {
        closed = true;
        udp.close();
        tcp.close();
    }
}

package org.rpcward.proxy.server;

import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.frontend.ListeningPoint;
import org.rpcward.proxy.transport.SocketPrograms;

/** Adds up what the kernel counts for each socket, so that sums outlive sockets. Thread-safe. */
final class DropCounts {
    private final Map<Channel, Socket> sockets = new HashMap<>();
    private final Map<Place, Long> sums = new HashMap<>();

    private record Place(String listener, Transport transport, SocketDrops.Lane lane) {}

    private static final class Socket {
        private final ListeningPoint point;
        private final Transport transport;
        private SocketDrops.Lane lane = SocketDrops.Lane.SHARED;
        private int counted;

        Socket(ListeningPoint point, Transport transport) {
            this.point = point;
            this.transport = transport;
        }
    }

    synchronized void add(Channel channel, ListeningPoint point, Transport transport) {
        sockets.put(channel, new Socket(point, transport));
    }

    /** From now on, what the socket drops counts for this lane. */
    synchronized void move(Channel channel, SocketDrops.Lane lane) {
        Socket socket = sockets.get(channel);
        if (socket != null && socket.lane != lane) {
            count(channel, socket);
            socket.lane = lane;
        }
    }

    /** To be called before the socket is closed: afterwards nobody knows. */
    synchronized void remove(Channel channel) {
        Socket socket = sockets.remove(channel);
        if (socket != null) {
            count(channel, socket);
        }
    }

    synchronized void forgetAllBut(Set<String> listeners) {
        sums.keySet().removeIf(place -> !listeners.contains(place.listener()));
    }

    synchronized List<SocketDrops> read() {
        sockets.forEach(this::count);
        List<SocketDrops> read = new ArrayList<>();
        sums.forEach((place, sum) -> read.add(new SocketDrops(place.listener(), place.transport(), place.lane(), sum)));
        return read;
    }

    private void count(Channel channel, Socket socket) {
        try {
            int now = SocketPrograms.dropped(channel);
            Place place = new Place(socket.point.local().listener(), socket.transport, socket.lane);
            // The difference is right when the kernel's 32 bits started anew in between.
            sums.merge(place, Integer.toUnsignedLong(now - socket.counted), Long::sum);
            socket.counted = now;
        } catch (SocketPrograms.Refused e) {
            // The socket is gone, or the kernel does not count: what is known stays.
            return;
        }
    }
}

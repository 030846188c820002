package org.rpcward.proxy.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.frontend.ListeningPoint;
import org.rpcward.proxy.transport.OpenSocket;
import org.rpcward.proxy.transport.SocketPrograms;

/** Adds up what the kernel counts for each socket, so that sums outlive sockets. Thread-safe. */
final class DropCounts {
    private final Map<OpenSocket, Counted> sockets = new HashMap<>();
    private final Map<Place, Long> sums = new HashMap<>();

    private record Place(String listener, Transport transport, SocketDrops.Lane lane) {}

    private static final class Counted {
        private final ListeningPoint point;
        private final Transport transport;
        private SocketDrops.Lane lane = SocketDrops.Lane.SHARED;
        private int counted;

        Counted(ListeningPoint point, Transport transport) {
            this.point = point;
            this.transport = transport;
        }
    }

    synchronized void add(OpenSocket open, ListeningPoint point, Transport transport) {
        sockets.put(open, new Counted(point, transport));
    }

    /** From now on, what the socket drops counts for this lane. */
    synchronized void move(OpenSocket open, SocketDrops.Lane lane) {
        Counted socket = sockets.get(open);
        if (socket != null && socket.lane != lane) {
            count(open, socket);
            socket.lane = lane;
        }
    }

    /** To be called before the socket is closed: afterwards nobody knows. */
    synchronized void remove(OpenSocket open) {
        Counted socket = sockets.remove(open);
        if (socket != null) {
            count(open, socket);
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

    /** What one socket dropped by now; 0 when nobody knows. */
    static long of(OpenSocket open) {
        try {
            return Integer.toUnsignedLong(SocketPrograms.dropped(open.descriptor()));
        } catch (SocketPrograms.Refused e) {
            return 0;
        }
    }

    private void count(OpenSocket open, Counted socket) {
        try {
            int now = SocketPrograms.dropped(open.descriptor());
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

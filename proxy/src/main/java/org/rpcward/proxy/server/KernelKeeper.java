package org.rpcward.proxy.server;

import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.frontend.ListeningPoint;
import org.rpcward.proxy.kernel.HashKeys;
import org.rpcward.proxy.kernel.Lanes;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.transport.DatagramPort;
import org.rpcward.proxy.transport.OpenSocket;
import org.rpcward.proxy.transport.SocketPrograms;

/*
 *   a policy comes into force ------------+
 *   more is dropped than anybody reads ---+-> KernelGuard -> the programs of each place: lanes of its UDP sockets,
 *   there is too much to do --------------+                  filters of all of its sockets
 *
 * The first comes on the thread of a reload, the others on one of their own, which also looks once a second whether they
 * are over.
 */
/**
 * Has the kernel do for the sockets what the policy in force and the state of things ask for, and knows what it dropped.
 * Where the transport has no programs for the kernel it does nothing. Thread-safe.
 */
final class KernelKeeper {
    /** After so many datagrams, other sockets of the event loop have their turn. */
    static final int DATAGRAMS_PER_TURN = 64;

    /** Known sources, while there are others besides, may bring this many before the others have their turn ... */
    private static final int KNOWN_PER_TURN = 128;

    /** Known sources that are no regulars, while those have a socket of their own. */
    private static final int AFTER_REGULARS_PER_TURN = 32;

    /** ... and the others this many: a known source waits for no more than so many of each of their sockets. */
    private static final int OTHERS_PER_TURN = 8;

    /** When so many datagrams find no room between two looks, a queue is full of more than a burst. */
    private static final int MANY_LOST = 1000;

    /** How long a socket that is to be closed may take to hand over what waits in it. */
    private static final long DRAIN_NANOS = 200_000_000;

    private static final long DRAIN_STEP_NANOS = 1_000_000;

    private final boolean works;
    private final Overload overload;
    private final Consumer<String> notices;
    private final Recurring recurring;
    private final HashKeys keys = HashKeys.random();
    private final DropCounts drops = new DropCounts();
    private final FilterSwitch filters =
            new FilterSwitch(this::droppedFromStrangers, () -> execute(this::turnFiltersOn));
    private final ScheduledExecutorService executor =
            Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("rpcward-kernel", true));

    // All guarded by this.
    /** Where there are sockets. */
    private final List<Place> places = new ArrayList<>();
    /** Null until there is a policy. */
    private @Nullable KernelGuard guard;
    /** Who is heard whatever the others send. */
    private Set<IpAddress> regulars = Set.of();
    /** Whether those who came with the flood are none of them, because there were too many of these. */
    private boolean onlyFromBefore;
    /** What their queues had lost when they were looked at last. */
    private long lostOfRegulars;

    /**
     * @param works whether sockets can have programs
     * @param notices is told, in one line each, what the kernel does and does not do
     * @param recurring lets a look that fails be the only one
     */
    KernelKeeper(boolean works, Overload overload, Consumer<String> notices, Recurring recurring) {
        this.recurring = recurring;
        this.works = works;
        this.overload = overload;
        this.notices = notices;
    }

    /** The sockets at one address, in the order in which they were bound; guarded by the keeper. */
    final class Place {
        private final ListeningPoint point;
        private final Transport transport;
        private final boolean v4;
        private final List<OpenSocket> sockets = new ArrayList<>();
        private final Set<OpenSocket> filtered = ConcurrentHashMap.newKeySet();
        /** Whose sockets have lanes; 0 until they have. */
        private int workers;
        /** Null while the kernel spreads the load by itself. */
        private @Nullable Lanes lanes;

        private Place(ListeningPoint point, Transport transport, boolean v4) {
            this.point = point;
            this.transport = transport;
            this.v4 = v4;
        }

        /** A socket was bound here, behind the others. */
        void join(OpenSocket socket) {
            if (works) {
                synchronized (KernelKeeper.this) {
                    if (sockets.isEmpty()) {
                        places.add(this);
                    }
                    sockets.add(socket);
                    drops.add(socket, point, transport);
                }
            }
        }

        /** A socket is to be closed. */
        void leave(OpenSocket socket) {
            synchronized (KernelKeeper.this) {
                sockets.remove(socket);
                filtered.remove(socket);
                drops.remove(socket);
                workers = Math.min(workers, sockets.size() / Lanes.SOCKETS_PER_WORKER);
                if (sockets.isEmpty()) {
                    places.remove(this);
                }
            }
        }

        /** Gives lanes to the sockets of so many workers; those behind them get nothing more, and are read empty. */
        void spread(int overWorkers) {
            synchronized (KernelKeeper.this) {
                if (transport == Transport.UDP && !sockets.isEmpty() && guard != null) {
                    workers = overWorkers;
                    if (giveLanes(guard) != null) {
                        awaitEmpty(sockets.subList(workers * Lanes.SOCKETS_PER_WORKER, sockets.size()));
                    }
                }
            }
        }

        private @Nullable Lanes giveLanes(KernelGuard by) {
            lanes = by.lanes(sockets.get(0).descriptor(), v4, workers);
            for (int i = 0; i < workers * Lanes.SOCKETS_PER_WORKER; i++) {
                takeTurns(sockets.get(i), lanes, i, by.setsApart());
            }
            return lanes;
        }

        private long lostOfRegulars() {
            Lanes here = lanes;
            return here == null
                    ? 0
                    : IntStream.range(0, workers * Lanes.SOCKETS_PER_WORKER)
                            .filter(here::isOfRegulars)
                            .mapToLong(number -> DropCounts.of(sockets.get(number)))
                            .sum();
        }

        /** Gives its sockets the filters that they should have now. */
        void filter() {
            synchronized (KernelKeeper.this) {
                if (guard != null) {
                    filter(guard);
                }
            }
        }

        private void filter(KernelGuard by) {
            sockets.forEach(socket -> filter(socket, by));
        }

        private void filter(OpenSocket socket, KernelGuard by) {
            boolean before = filtered.contains(socket);
            if (transport == Transport.UDP && !filters.isOn()) {
                if (before) {
                    KernelGuard.detach(socket.descriptor());
                }
                filtered.remove(socket);
            } else if (by.filter(socket.descriptor(), transport, v4, before)) {
                filtered.add(socket);
            } else {
                filtered.remove(socket);
            }
        }

        /**
         * Lets all packets of a connection pass: it has the filter of the socket that it came by, where it was asked
         * already.
         */
        void pass(Channel connection) {
            if (filtered.isEmpty()) {
                return;
            }
            try {
                SocketPrograms.detachFilter(SocketPrograms.descriptor((UnixChannel) connection));
            } catch (SocketPrograms.Refused e) {
                // It goes on with the filter, which lets it pass.
                return;
            }
        }
    }

    /** A place where there will be sockets. */
    Place place(ListeningPoint point, Transport transport, boolean v4) {
        return new Place(point, transport, v4);
    }

    /** A policy is in force. Each place is to be spread and filtered then. */
    synchronized void serve(Policy policy) {
        KernelGuard next = new KernelGuard(policy, keys);
        next.setApart(set(regulars));
        guard = next;
    }

    /** All places were spread and filtered for a policy with these listeners. */
    synchronized void served(Set<String> listeners) {
        drops.forgetAllBut(listeners);
        if (!works) {
            notices.accept("no filter and no lanes without epoll; the policy holds without them");
        } else if (guard != null) {
            guard.notices().forEach(notices);
        }
    }

    /** Begins to look, once a second, what the kernel should do now. */
    void start() {
        if (works) {
            executor.scheduleAtFixedRate(recurring.of("kernel", this::tickFilters), 1, 1, TimeUnit.SECONDS);
            executor.scheduleAtFixedRate(recurring.of("kernel", this::setRegularsApart), 1, 1, TimeUnit.SECONDS);
        }
    }

    void close() {
        executor.shutdown();
    }

    private void execute(Runnable step) {
        if (works && !executor.isShutdown()) {
            executor.execute(recurring.of("kernel", step));
        }
    }

    /** A datagram was dropped that only could be. Called on the event loops, as often as that happens. */
    void dropped() {
        filters.dropped();
    }

    private synchronized void turnFiltersOn() {
        if (filters.turnOn() && filterDatagrams()) {
            notices.accept("more than " + FilterSwitch.MANY
                    + " datagrams a second are dropped: the kernel drops those of sources that get nothing");
        }
    }

    private synchronized void tickFilters() {
        boolean were = filtersDatagrams();
        if (filters.tick()) {
            filterDatagrams();
            if (were) {
                notices.accept("few datagrams are dropped: the kernel drops none any more");
            }
        }
    }

    /** @return whether some socket has a filter now */
    private boolean filterDatagrams() {
        ofDatagrams().forEach(Place::filter);
        return filtersDatagrams();
    }

    private boolean filtersDatagrams() {
        return ofDatagrams().stream().anyMatch(place -> !place.filtered.isEmpty());
    }

    private List<Place> ofDatagrams() {
        return places.stream().filter(p -> p.transport == Transport.UDP).toList();
    }

    /** There is too much to do, or no more. */
    void overloadChanged() {
        execute(this::setRegularsApart);
    }

    private synchronized void setRegularsApart() {
        KernelGuard by = guard;
        lookAfterRegulars();
        Set<IpAddress> now = regularsNow();
        if (now.equals(regulars) || by == null) {
            return;
        }
        boolean changes = regulars.isEmpty() != now.isEmpty();
        regulars = now;
        by.setApart(set(now));
        places.stream().filter(place -> place.workers > 0).forEach(place -> place.giveLanes(by));
        if (changes) {
            notices.accept(
                    !now.isEmpty()
                            ? "there is too much to do: the kernel has queues of their own for regular clients"
                            : overload.level() == 0
                                    ? "there is no longer too much to do: the kernel has no queues for regular clients"
                                            + " any more"
                                    : "no regular client asks any more: the kernel has no queues for them");
        }
    }

    /** A flood from few addresses makes them regulars, who fill the queues of all regulars: then it matters who came first. */
    private void lookAfterRegulars() {
        long lost = ofDatagrams().stream().mapToLong(Place::lostOfRegulars).sum();
        boolean full = !regulars.isEmpty() && lost - lostOfRegulars >= MANY_LOST;
        lostOfRegulars = lost;
        if (overload.level() == 0) {
            onlyFromBefore = false;
        } else if (full && !onlyFromBefore) {
            onlyFromBefore = true;
            notices.accept("the queues of regular clients overflow: they are for those who were here before the flood");
        }
    }

    private Set<IpAddress> regularsNow() {
        Set<IpAddress> now = new HashSet<>();
        if (onlyFromBefore) {
            now.addAll(overload.regularsFromBefore(true, Lanes.MOST_REGULARS_V4));
            now.addAll(overload.regularsFromBefore(false, Lanes.MOST_REGULARS_V6));
        } else {
            now.addAll(overload.regulars(true, Lanes.MOST_REGULARS_V4));
            now.addAll(overload.regulars(false, Lanes.MOST_REGULARS_V6));
        }
        return now;
    }

    private static AddressSet set(Set<IpAddress> addresses) {
        List<AddressSet.Range> v4 = new ArrayList<>();
        List<AddressSet.Range> v6 = new ArrayList<>();
        addresses.forEach(a -> (a.isV4() ? v4 : v6).add(new AddressSet.Range(a, a)));
        return AddressSet.of(v4, v6);
    }

    /** Known sources first: others have short turns between theirs. */
    private void takeTurns(OpenSocket socket, @Nullable Lanes lanes, int number, boolean regularsApart) {
        SocketDrops.Lane lane = SocketDrops.Lane.of(lanes, number);
        drops.move(socket, lane);
        if (socket instanceof DatagramPort port) {
            int known = lanes == Lanes.TWO ? KNOWN_PER_TURN : DATAGRAMS_PER_TURN;
            boolean afterRegulars = regularsApart && lanes != null && !lanes.isOfRegulars(number);
            port.takeTurnsOf(
                    lane == SocketDrops.Lane.OTHER ? OTHERS_PER_TURN : afterRegulars ? AFTER_REGULARS_PER_TURN : known);
        }
    }

    /** The kernel puts nothing more into these; what waits there still is served. */
    private static void awaitEmpty(List<OpenSocket> leaving) {
        long end = System.nanoTime() + DRAIN_NANOS;
        while (System.nanoTime() < end && leaving.stream().anyMatch(KernelKeeper::isWaitedFor)) {
            LockSupport.parkNanos(DRAIN_STEP_NANOS);
        }
    }

    private static boolean isWaitedFor(OpenSocket socket) {
        try {
            return SocketPrograms.queued(socket.descriptor()) != 0;
        } catch (SocketPrograms.Refused e) {
            return false;
        }
    }

    private long droppedFromStrangers() {
        return drops.read().stream()
                .filter(d -> d.transport() == Transport.UDP && d.lane() != SocketDrops.Lane.KNOWN)
                .mapToLong(SocketDrops::dropped)
                .sum();
    }

    /**
     * How many datagrams were lost because the queue was full that they were to wait in; {@link Overload#UNKNOWN} where
     * nobody counts them. Those of strangers in queues of their own are left out, and what a filter drops.
     */
    long lost() {
        if (!works) {
            return Overload.UNKNOWN;
        }
        boolean filtered = filters.isOn();
        return drops.read().stream()
                .filter(d -> d.transport() == Transport.UDP
                        && (d.lane() == SocketDrops.Lane.KNOWN || (d.lane() == SocketDrops.Lane.SHARED && !filtered)))
                .mapToLong(SocketDrops::dropped)
                .sum();
    }

    /** What the kernel dropped. From whatever thread. */
    List<SocketDrops> drops() {
        return drops.read();
    }
}

package org.rpcward.proxy.backend;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.BackendPolicy.Endpoint;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult.Status;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/*
 * Several portmappers with the same registrations, of which the first that is up is asked. A reading that fails there
 * is tried at the next one at once. Those ahead of the one that serves are pinged with each reading, so that the first
 * gets its place back once it has answered often enough. Those behind it are pinged now and then, so that one that has
 * fallen silent is reported before it is needed. With a single endpoint, all this does is to track its health.
 */
/** The portmappers of one backend, in the order in which they are preferred. */
public final class FailoverClient implements Portmapper {
    /** How long one that stands by may go without being asked. */
    static final Duration LEISURE = Duration.ofSeconds(30);

    private final String backend;
    private final EventLoop loop;
    private final BackendObserver observer;
    private final InstantSource clock;
    private final List<Member> members = new ArrayList<>();
    private volatile @Nullable Reading lastReading;
    private boolean closed;

    /** One portmapper. */
    private record Member(
            Endpoint endpoint, BackendClient client, EndpointHealth health, Told told, LastAsked lastAsked) {}

    /** When a portmapper was last asked; at first, when it was made. */
    private static final class LastAsked {
        private Instant at;

        LastAsked(Instant beginning) {
            at = beginning;
        }

        /** A clock that was set back may say anything. */
        boolean isLongAgo(Instant now) {
            Duration since = Duration.between(at, now);
            return since.isNegative() || since.compareTo(LEISURE) >= 0;
        }
    }

    /** What others see of a portmapper: this event loop and whoever drains it change it. */
    private static final class Told {
        private EndpointState state;

        Told(EndpointState first) {
            state = first;
        }

        synchronized EndpointState state() {
            return state;
        }

        synchronized void change(UnaryOperator<EndpointState> by) {
            state = by.apply(state);
        }
    }

    /** @param connect makes the client of an endpoint, on the given event loop */
    public FailoverClient(
            BackendPolicy policy,
            EventLoop loop,
            BackendObserver observer,
            InstantSource clock,
            BiFunction<Endpoint, EventLoop, BackendClient> connect) {
        this.clock = clock;
        this.backend = policy.name();
        this.loop = loop;
        this.observer = observer;
        for (Endpoint endpoint : policy.endpoints()) {
            EndpointState unknown = new EndpointState(endpoint.toString(), true, false, false, 0, null, null);
            members.add(new Member(
                    endpoint,
                    connect.apply(endpoint, loop),
                    new EndpointHealth(policy.health()),
                    new Told(unknown),
                    new LastAsked(clock.instant())));
        }
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public void dump(Consumer<BackendResult<List<Mapping>>> then) {
        List<Member> order = inOrder();
        if (order.isEmpty()) {
            then.accept(BackendResult.failed(Status.UNREACHABLE));
            return;
        }
        pingOthers(order.get(0));
        dump(order, 0, then);
    }

    private void dump(List<Member> order, int at, Consumer<BackendResult<List<Mapping>>> then) {
        Member member = order.get(at);
        member.lastAsked().at = clock.instant();
        member.client().dump(result -> {
            note(member, result.status());
            if (result.status() == Status.OK) {
                lastReading = new Reading(
                        member.endpoint().toString(), member.client().protocol());
            }
            if (result.status() == Status.OK || at + 1 == order.size()) {
                then.accept(result);
            } else {
                dump(order, at + 1, then);
            }
        });
    }

    /**
     * Those that are up, then the others, for it is better to ask one that is down than nobody. Those that are drained
     * are not in it.
     */
    private List<Member> inOrder() {
        List<Member> order = new ArrayList<>(members.size());
        members.stream()
                .filter(m -> m.health().isUp() && !m.told().state().drained())
                .forEach(order::add);
        members.stream()
                .filter(m -> !m.health().isUp() && !m.told().state().drained())
                .forEach(order::add);
        return order;
    }

    /** The first in that order, or null. */
    private @Nullable Member first() {
        Member down = null;
        for (Member member : members) {
            if (!member.told().state().drained()) {
                if (member.health().isUp()) {
                    return member;
                }
                down = down == null ? member : down;
            }
        }
        return down;
    }

    /**
     * Pings those that would serve if they were up; and of those that are only asked when the others fail, the ones
     * that are down, that may be going down, or that have not been asked for long.
     */
    private void pingOthers(Member serving) {
        boolean before = true;
        for (Member member : members) {
            if (member.equals(serving)) {
                before = false;
                continue;
            }
            boolean waitsToComeBack =
                    serving.health().isUp() && !member.health().isUp();
            boolean doubtful = member.health().isTurning() || member.lastAsked().isLongAgo(clock.instant());
            if ((before || waitsToComeBack || doubtful)
                    && !member.told().state().drained()) {
                member.lastAsked().at = clock.instant();
                member.client().ping(result -> note(member, result.status()));
            }
        }
    }

    @Override
    public void port(
            int program, int version, Netid netid, Transport transport, Consumer<BackendResult<Integer>> then) {
        Member member = first();
        if (member == null) {
            then.accept(BackendResult.failed(Status.UNREACHABLE));
            return;
        }
        member.lastAsked().at = clock.instant();
        member.client().port(program, version, netid, transport, result -> {
            note(member, result.status());
            then.accept(result);
        });
    }

    private void note(Member member, Status status) {
        if (closed) {
            // That the end fails what waited says nothing of the portmapper.
            return;
        }
        observer.asked(backend, status);
        if (status == Status.OVERLOADED) {
            return;
        }
        EndpointHealth health = member.health();
        switch (status == Status.OK ? health.answered() : health.failed()) {
            case UP -> {
                member.told().change(s -> s.turnedUp(clock.instant()));
                observer.up(backend, member.endpoint().toString());
            }
            case DOWN -> {
                member.told().change(s -> s.turnedDown(clock.instant(), status.word()));
                observer.down(backend, member.endpoint().toString(), status);
            }
            case NONE -> {
                // It does as it did.
            }
        }
    }

    @Override
    public boolean isTurning() {
        return members.stream().anyMatch(m -> m.health().isTurning());
    }

    @Override
    public boolean knowsV6() {
        Member member = first();
        return member == null || member.client().knowsV6();
    }

    @Override
    public List<EndpointState> endpoints() {
        return members.stream().map(m -> m.told().state()).toList();
    }

    @Override
    public @Nullable Reading lastReading() {
        return lastReading;
    }

    @Override
    public boolean drain(@Nullable String endpoint, boolean drained) {
        boolean found = false;
        for (Member member : members) {
            if (endpoint == null || endpoint.equals(member.endpoint().toString())) {
                member.told().change(s -> s.withDrained(drained));
                found = true;
            }
        }
        return found;
    }

    @Override
    public void close() {
        closed = true;
        members.forEach(m -> m.client().close());
    }
}

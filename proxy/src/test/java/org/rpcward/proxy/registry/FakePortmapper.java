package org.rpcward.proxy.registry;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.Portmapper;
import org.rpcward.proxy.backend.Reading;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/** A portmapper that answers when, and as, a test says, on a loop that the test turns, in time that the test lets pass. */
final class FakePortmapper implements Portmapper {
    final FakeClock clock = new FakeClock();

    /** Every question in order, as text. */
    final List<String> asked = new ArrayList<>();

    /** A mistake that it makes when it is asked; null for none. */
    @Nullable
    RuntimeException mistake;

    /** Whether it is at an IPv6 address. */
    boolean v6;

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ArrayDeque<Consumer<BackendResult<List<Mapping>>>> dumps = new ArrayDeque<>();
    private final ArrayDeque<Consumer<BackendResult<Integer>>> ports = new ArrayDeque<>();
    private @Nullable List<Mapping> atOnce;
    private @Nullable Reading lastReading;
    private EventLoop loop = channel.eventLoop();

    FakePortmapper() {
        channel.freezeTime();
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    /** Runs what waits on the loop. */
    void turn() {
        channel.runPendingTasks();
    }

    void pass(Duration time) {
        clock.pass(time);
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
    }

    /** From now on the loop takes no tasks. */
    void endLoop() {
        loop = new DefaultEventLoop();
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Override
    public void dump(Consumer<BackendResult<List<Mapping>>> then) {
        asked.add("dump");
        stumble();
        if (atOnce == null) {
            dumps.add(then);
        } else {
            then.accept(new BackendResult<>(BackendResult.Status.OK, atOnce));
        }
    }

    @Override
    public void port(
            int program, int version, Netid netid, Transport transport, Consumer<BackendResult<Integer>> then) {
        asked.add("port of " + program + "/" + version + "/" + netid.word() + " over " + transport.word());
        stumble();
        ports.add(then);
    }

    private void stumble() {
        if (mistake != null) {
            throw mistake;
        }
    }

    @Override
    public @Nullable Reading lastReading() {
        return lastReading;
    }

    @Override
    public boolean knowsV6() {
        return v6;
    }

    @Override
    public void close() {
        asked.add("close");
        while (!dumps.isEmpty()) {
            dumps.remove().accept(new BackendResult<>(BackendResult.Status.UNREACHABLE, null));
        }
        while (!ports.isEmpty()) {
            ports.remove().accept(new BackendResult<>(BackendResult.Status.UNREACHABLE, null));
        }
    }

    /** How many readings of the registry were begun. */
    int dumps() {
        return (int) asked.stream().filter("dump"::equals).count();
    }

    /** Whether a reading waits for its end. */
    boolean isReading() {
        return !dumps.isEmpty();
    }

    /** Whether a question for a port waits for its end. */
    boolean isAsked() {
        return !ports.isEmpty();
    }

    /** Ends the oldest reading that waits. */
    void answerDump(Mapping... rows) {
        lastReading = new Reading("192.0.2.3:111", 4);
        dumps.remove().accept(new BackendResult<>(BackendResult.Status.OK, List.of(rows)));
        turn();
    }

    /** From now on each reading ends as soon as it begins. */
    void answerAtOnce(Mapping... rows) {
        atOnce = List.of(rows);
    }

    void failDump(BackendResult.Status status) {
        dumps.remove().accept(new BackendResult<>(status, null));
        turn();
    }

    void answerPort(int port) {
        ports.remove().accept(new BackendResult<>(BackendResult.Status.OK, port));
        turn();
    }

    void failPort(BackendResult.Status status) {
        ports.remove().accept(new BackendResult<>(status, null));
        turn();
    }
}

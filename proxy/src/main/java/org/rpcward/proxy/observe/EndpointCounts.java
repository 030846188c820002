package org.rpcward.proxy.observe;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult;

/** What is counted of one portmapper. Thread-safe; written on the backend's event loop. */
public final class EndpointCounts {
    private final LongSupplier nanoClock;
    private final Map<Transport, OfTransport> byTransport = new EnumMap<>(Transport.class);
    private final LongAdder inFlight = new LongAdder();
    private final LongAdder ups = new LongAdder();
    private final LongAdder downs = new LongAdder();

    // Guarded by this.
    private boolean down;
    private long downSince;
    private long downNanos;

    /** Questions over one transport. */
    private static final class OfTransport {
        private final EnumCounts<BackendResult.Status> results = new EnumCounts<>(BackendResult.Status.class);
        private final LongAdder[] durations = new LongAdder[Durations.BUCKETS];
        private final LongAdder nanos = new LongAdder();

        OfTransport() {
            for (int i = 0; i < durations.length; i++) {
                durations[i] = new LongAdder();
            }
        }
    }

    EndpointCounts(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        for (Transport transport : Transport.values()) {
            byTransport.put(transport, new OfTransport());
        }
    }

    private OfTransport of(Transport transport) {
        OfTransport counts = byTransport.get(transport);
        if (counts == null) {
            throw new AssertionError("there are counts of each transport");
        }
        return counts;
    }

    void asked() {
        inFlight.increment();
    }

    void ended(Transport transport, BackendResult.Status status, long nanos) {
        OfTransport counts = of(transport);
        inFlight.decrement();
        counts.results.add(status);
        counts.durations[Durations.bucketOf(nanos)].increment();
        counts.nanos.add(nanos);
    }

    synchronized void turned(boolean nowUp) {
        long now = nanoClock.getAsLong();
        (nowUp ? ups : downs).increment();
        if (down) {
            downNanos += now - downSince;
        }
        down = !nowUp;
        downSince = now;
    }

    /** Whether it is taken to be up: so is one that was never asked, because those before it answer. */
    public synchronized boolean isUp() {
        return !down;
    }

    /** How long it has been taken to be down, in all. */
    public synchronized double downSeconds() {
        long nanos = down ? downNanos + nanoClock.getAsLong() - downSince : downNanos;
        return (double) nanos / TimeUnit.SECONDS.toNanos(1);
    }

    /** How often it was taken to be up, or down, from then on. */
    public long turns(boolean toUp) {
        return (toUp ? ups : downs).sum();
    }

    public long questions(Transport transport, BackendResult.Status result) {
        return of(transport).results.sum(result);
    }

    /** From question to answer, or to giving up. */
    public Durations durations(Transport transport) {
        OfTransport counts = of(transport);
        long[] buckets = new long[Durations.BUCKETS];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = counts.durations[i].sum();
        }
        return new Durations(buckets, counts.nanos.sum());
    }

    /** Questions that wait for their answers. */
    public long inFlight() {
        return inFlight.sum();
    }
}

package org.rpcward.proxy.server;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/*
 * The kernel drops without a word. The few calls of a client that the policy forgot are to be in the log, all of them, or
 * nobody finds out why it is not served; the many of a flood are not worth a system call each. So the filters of UDP
 * sockets are on only while more is dropped than anybody could want to read.
 */
/** Decides when the kernel drops what could only be dropped. Thread-safe. */
final class FilterSwitch {
    /** So many datagrams dropped in one second turn the filters on, and fewer are quiet. */
    static final int MANY = 64;

    /** After so many quiet seconds they are off again. */
    static final int QUIET_SECONDS = 10;

    private final LongSupplier droppedByKernel;
    private final Runnable wake;
    private final AtomicInteger dropped = new AtomicInteger();
    private volatile boolean on;

    // Used by whoever ticks.
    private long droppedBefore;
    private int quiet;

    /**
     * @param droppedByKernel how many datagrams of strangers the kernel has dropped by now
     * @param wake called when the filters should be on at once, and {@link #turnOn} not wait for the next second
     */
    FilterSwitch(LongSupplier droppedByKernel, Runnable wake) {
        this.droppedByKernel = droppedByKernel;
        this.wake = wake;
    }

    boolean isOn() {
        return on;
    }

    /** A datagram was dropped. Called on the event loops, as often as that happens. */
    void dropped() {
        if (dropped.get() < MANY && dropped.incrementAndGet() == MANY && !on) {
            wake.run();
        }
    }

    /**
     * Has them on from now on.
     *
     * @return whether that is a change
     */
    boolean turnOn() {
        boolean changed = !on;
        on = true;
        quiet = 0;
        droppedBefore = droppedByKernel.getAsLong();
        return changed;
    }

    /**
     * A second is over.
     *
     * @return whether the filters are off from now on
     */
    boolean tick() {
        int here = dropped.getAndSet(0);
        if (!on) {
            return false;
        }
        long now = droppedByKernel.getAsLong();
        quiet = here + (now - droppedBefore) < MANY ? quiet + 1 : 0;
        droppedBefore = now;
        on = quiet < QUIET_SECONDS;
        return !on;
    }
}

package org.rpcward.proxy.observe;

import java.io.IOException;

/** A way to the system's journal. */
public interface Journal extends AutoCloseable {
    /**
     * Sends one datagram, and waits until the kernel has it.
     *
     * @throws IOException when it is not taken
     */
    void send(byte[] datagram) throws IOException;

    @Override
    void close();

    /** Finds that way. */
    @FunctionalInterface
    interface Opener {
        /**
         * Opens a way to the journal of this host.
         *
         * @throws IOException when there is none, or it cannot be reached
         */
        Journal open() throws IOException;
    }
}

package org.rpcward.proxy.transport;

import io.netty.channel.Channel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;

/** A socket that listens, whatever reads it. */
public interface OpenSocket {
    /** What the kernel knows it by; only where {@link TransportType#sharesPorts}. */
    Socket descriptor();

    /** Closes it. When this returns nothing more is read from it. From whatever thread, but not from its event loop. */
    void close();

    /** One that a channel of Netty reads. */
    static OpenSocket of(Channel channel) {
        return new OpenSocket() {
            @Override
            public Socket descriptor() {
                return SocketPrograms.descriptor((UnixChannel) channel);
            }

            @Override
            public void close() {
                channel.close().syncUninterruptibly();
            }
        };
    }
}

package org.rpcward.proxy.server;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.kernel.Lanes;

/**
 * What the kernel did not give to the sockets of a listener. Grows only, over reloads too, for as long as the listener
 * exists.
 *
 * @param lane which of its sockets
 * @param dropped datagrams, or packets of connections that were to be: those that a filter dropped, and those for which
 *     the queue had no room
 */
public record SocketDrops(String listener, Transport transport, Lane lane, long dropped) {
    /** Who a socket is for. */
    public enum Lane {
        /**
         * Sources that an allow rule names, be they all. No filter drops these: what is counted here did not fit into the
         * queue.
         */
        KNOWN,
        /** All others. */
        OTHER,
        /** Everybody: TCP, and UDP where no allow rule names anybody, or the kernel makes no lanes. */
        SHARED;

        private final String word = name().toLowerCase(Locale.ROOT);

        /** Whom a UDP socket with this number is for; null for lanes that the kernel did not make. */
        static Lane of(@Nullable Lanes lanes, int number) {
            if (lanes == null || lanes == Lanes.ALL_OTHERS) {
                return SHARED;
            }
            return lanes.isKnown(number) ? KNOWN : OTHER;
        }

        /** The word for it in metrics. */
        public String word() {
            return word;
        }
    }
}

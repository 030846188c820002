package org.rpcward.proxy.backend;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.rpcward.proxy.transport.TransportType;

/** Event loops for tests with real sockets, one for each of Netty's transports that this machine has. */
final class Loops {
    private static final Map<TransportType, EventLoopGroup> GROUPS = new EnumMap<>(TransportType.class);

    private Loops() {}

    static Set<TransportType> transports() {
        return EnumSet.of(TransportType.NIO, TransportType.best());
    }

    static synchronized EventLoop of(TransportType transport) {
        return GROUPS.computeIfAbsent(transport, t -> t.eventLoops(1, "test-" + t))
                .next();
    }

    /** Runs something on a loop, and waits until it has run. */
    static void run(EventLoop loop, Runnable task) {
        loop.submit(task).syncUninterruptibly();
    }

    /** The end of one question. */
    static final class Result<T> implements Consumer<BackendResult<T>> {
        private final CompletableFuture<BackendResult<T>> result = new CompletableFuture<>();

        @Override
        public void accept(BackendResult<T> ended) {
            if (!result.complete(ended)) {
                result.obtrudeException(new AssertionError("ended twice"));
            }
        }

        boolean isDone() {
            return result.isDone();
        }

        BackendResult<T> get() throws Exception {
            return result.get(UdpPeer.PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        }

        BackendResult.Status status() throws Exception {
            return get().status();
        }
    }
}

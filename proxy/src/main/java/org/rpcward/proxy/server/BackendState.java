package org.rpcward.proxy.server;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.Registry;

/**
 * What a backend says at the start.
 *
 * @param registrations how many are known, without those of the portmapper itself; -1 for nothing known
 * @param answering whether it answers; when it does not, what is known is from before
 */
public record BackendState(int registrations, boolean answering) {
    private static final BackendState SILENT = new BackendState(-1, false);

    /**
     * Asks a backend.
     *
     * @param directory what is behind it, or null when there is nothing
     * @param loop asks
     * @param patience after which it counts as silent
     */
    static CompletableFuture<BackendState> ask(@Nullable Directory directory, EventLoop loop, Duration patience) {
        CompletableFuture<BackendState> state = new CompletableFuture<>();
        if (directory == null) {
            state.complete(SILENT);
            return state;
        }
        loop.execute(() -> directory.list(loop, registry -> state.complete(of(directory, registry))));
        return state.completeOnTimeout(SILENT, patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static BackendState of(Directory directory, @Nullable Registry registry) {
        int registrations = -1;
        if (registry != null) {
            registrations = (int) registry.rows().stream()
                    .filter(row -> row.program() != Procedure.PROGRAM)
                    .count();
        }
        return new BackendState(registrations, directory.isAnswering());
    }
}

package org.rpcward.proxy.server;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.ban.BanStore;
import org.rpcward.proxy.registry.RegistryStore;

/** Where registries and bans are kept over a restart, and the one thread that writes them. */
final class StateDirectory implements AutoCloseable {
    private final ScheduledExecutorService writer =
            Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("rpcward-state", true));
    private final RegistryStore registries;
    private final BanStore bans;

    /**
     * @param directory the service manager's; null or empty to keep nothing
     * @param failures is told what could not be read or written
     */
    StateDirectory(@Nullable String directory, Consumer<String> failures) {
        if (directory == null || directory.isEmpty()) {
            this.registries = RegistryStore.NONE;
            this.bans = BanStore.NONE;
        } else {
            Path path = Path.of(directory);
            this.registries = new StateFiles(path, InstantSource.system(), writer, failures);
            this.bans = new BanFile(path, failures);
        }
    }

    RegistryStore registries() {
        return registries;
    }

    BanStore bans() {
        return bans;
    }

    ScheduledExecutorService writer() {
        return writer;
    }

    /** What is still to be written is written. */
    @Override
    public void close() {
        writer.shutdown();
    }
}

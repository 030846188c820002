package org.rpcward.proxy.registry;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.rpcbind.Mapping;

/** Keeps what was last known of a backend's registry over a restart. */
public interface RegistryStore {
    /** Keeps nothing. */
    RegistryStore NONE = new RegistryStore() {
        @Override
        public @Nullable Kept load(BackendPolicy backend) {
            return null;
        }

        @Override
        public void save(BackendPolicy backend, List<Mapping> rows) {
            // Nothing is kept.
        }
    };

    /**
     * What was kept.
     *
     * @param age how long ago it was read from the backend
     */
    record Kept(List<Mapping> rows, Duration age) {}

    /** What was kept of a backend, or null when there is nothing that can be believed. */
    @Nullable
    Kept load(BackendPolicy backend);

    /** Keeps what was just read. Called with every reading, on the backend's event loop; must not wait. */
    void save(BackendPolicy backend, List<Mapping> rows);

    /** This store, for a directory that follows another one and begins with what that one knew. */
    default RegistryStore beginningWith(Kept known) {
        RegistryStore store = this;
        return new RegistryStore() {
            @Override
            public Kept load(BackendPolicy backend) {
                return known;
            }

            @Override
            public void save(BackendPolicy backend, List<Mapping> rows) {
                store.save(backend, rows);
            }
        };
    }
}

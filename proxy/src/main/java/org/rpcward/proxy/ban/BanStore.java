package org.rpcward.proxy.ban;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.AddressPrefix;

/** Keeps bans over restarts. */
public interface BanStore {
    /** Keeps nothing. */
    BanStore NONE = new BanStore() {
        @Override
        public @Nullable Kept load() {
            return null;
        }

        @Override
        public boolean save(Kept kept) {
            return true;
        }
    };

    /** What was kept last; null when nothing was, or nothing that can be believed. */
    @Nullable
    Kept load();

    /**
     * Replaces what was kept. May block.
     *
     * @return false when it could not, and what was kept before still is
     */
    boolean save(Kept kept);

    /** All that is to be known after a restart. */
    record Kept(List<Ban> bans, List<Offences> offences, List<Pardon> pardons) {
        public Kept {
            bans = List.copyOf(bans);
            offences = List.copyOf(offences);
            pardons = List.copyOf(pardons);
        }
    }

    /**
     * How often a source was banned.
     *
     * @param until when that is forgotten
     */
    record Offences(AddressPrefix source, int count, Instant until) {}

    /**
     * That an administrator lifted a ban.
     *
     * @param until when sources of this prefix can be banned automatically again
     */
    record Pardon(AddressPrefix prefix, Instant until) {}
}

package org.rpcward.proxy.admin;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.ForwardDirectory;
import org.rpcward.proxy.registry.MirrorState;

/**
 * What is remembered of backends.
 *
 * @param kinds copies of registries, forwarded answers and encoded listings, each kind for all backends together
 * @param mirrors the copy of each registry
 */
public record CacheView(List<Kind> kinds, List<MirrorView> mirrors) {
    /**
     * A kind of memory, and how questions to it fared. The words are those of the metrics.
     *
     * @param name {@code mirror}, {@code forward} or {@code listing}
     * @param entries registrations, answers, or listings
     * @param hit answered at once
     * @param stale answered at once, while the backend does not answer
     * @param miss the backend was asked, or the listing was made
     * @param coalesced the backend was being asked already
     * @param bypass answered without waiting, because too many wait or the backend was asked a moment ago
     * @param evictions what was forgotten, for want of room or because it was old; null where nothing ever is
     */
    public record Kind(
            String name,
            long entries,
            long hit,
            long stale,
            long miss,
            long coalesced,
            long bypass,
            @Nullable Long evictions) {}

    /**
     * The copy of a registry.
     *
     * @param state the word of a {@link MirrorState.Freshness}
     * @param readAt when it was read, as text; null when it never was, like the age
     * @param readFrom the portmapper that it was read from; null when that was before the start, or never
     * @param protocol the version of the protocol in which that was
     * @param freshSeconds how long it is fresh
     * @param staleSeconds how long it answers while the backend does not
     * @param forwarded answers of the backend to single lookups that are remembered; null where none are asked for
     */
    public record MirrorView(
            String backend,
            String state,
            long registrations,
            @Nullable String readAt,
            @Nullable Double ageSeconds,
            @Nullable String readFrom,
            @Nullable Integer protocol,
            double freshSeconds,
            double staleSeconds,
            @Nullable Long forwarded) {
        static MirrorView of(BackendPolicy backend, Directory directory, MirrorState mirror, InstantSource clock) {
            Duration age = mirror.age();
            return new MirrorView(
                    backend.name(),
                    mirror.freshness().word(),
                    mirror.rows(),
                    age == null ? null : Views.time(clock.instant().minus(age)),
                    age == null ? null : seconds(age),
                    mirror.reading() == null ? null : mirror.reading().endpoint(),
                    mirror.reading() == null ? null : mirror.reading().protocol(),
                    seconds(backend.fresh()),
                    seconds(backend.stale()),
                    directory instanceof ForwardDirectory forward ? forward.remembered() : null);
        }

        private static double seconds(Duration time) {
            return time.toMillis() / 1000.0;
        }
    }

    /** The copies of all registries that there are copies of. */
    static List<MirrorView> mirrors(
            Map<String, BackendPolicy> backends, Map<String, Directory> directories, InstantSource clock) {
        List<MirrorView> mirrors = new ArrayList<>();
        for (BackendPolicy backend : backends.values()) {
            Directory directory = directories.get(backend.name());
            MirrorState mirror = directory == null ? null : directory.mirror();
            if (directory != null && mirror != null) {
                mirrors.add(MirrorView.of(backend, directory, mirror, clock));
            }
        }
        return mirrors;
    }
}

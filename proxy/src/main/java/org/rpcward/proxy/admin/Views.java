package org.rpcward.proxy.admin;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.observe.RuleKey;
import org.rpcward.proxy.registry.CacheObserver;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.ForwardDirectory;
import org.rpcward.proxy.registry.RegistryStore;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.service.Serving;

/** Makes the records of the model from what runs, each time that somebody looks. Thread-safe. */
public final class Views {
    private final Running running;
    private final InstantSource clock;
    private final Instant started;
    private final RuleWatch ruleWatch;
    private volatile @Nullable Reloaded lastReload;
    private volatile boolean draining;
    private volatile Places places = new Places(List.of(), List.of());

    /**
     * Where rpcward tells of itself and takes orders.
     *
     * @param open addresses and paths, in words
     * @param remarks what is not as it should be there
     */
    private record Places(List<String> open, List<String> remarks) {}

    /** What runs, as far as it is looked at. */
    public interface Running {
        /** {@code 0.1.0}. */
        String version();

        /** {@code epoll} or {@code nio}. */
        String transport();

        String policyFile();

        Serving serving();

        /** The addresses that are served, by listener. */
        Map<String, List<String>> addresses();

        /** Where clients ask. */
        List<Door> doors();

        /** What was counted since the start. */
        Map<String, Object> counters();

        /** How many calls each rule decided. */
        Map<RuleKey, Long> ruleHits();

        /** How questions to what is remembered of backends fared. */
        long asked(CacheObserver.Cache cache, CacheObserver.Result result);

        /** The same of encoded listings. */
        CacheView.Kind listings();

        /** 0 when all is well. */
        int overloadLevel();
    }

    public Views(Running running, InstantSource clock) {
        this.running = running;
        this.clock = clock;
        this.started = clock.instant();
        this.ruleWatch = new RuleWatch(running::ruleHits, clock);
    }

    /** A second is over. */
    void tick() {
        ruleWatch.tick();
    }

    Serving serving() {
        return running.serving();
    }

    List<Door> doors() {
        return running.doors();
    }

    CacheView cache() {
        Serving serving = running.serving();
        List<CacheView.MirrorView> mirrors =
                CacheView.mirrors(serving.policy().backends(), serving.directories(), clock);
        long answers = 0;
        long forgotten = 0;
        for (Directory directory : serving.directories().values()) {
            if (directory instanceof ForwardDirectory forward) {
                answers += forward.remembered();
                forgotten += forward.forgotten();
            }
        }
        long rows =
                mirrors.stream().mapToLong(CacheView.MirrorView::registrations).sum();
        return new CacheView(
                List.of(
                        kind(CacheObserver.Cache.MIRROR, rows, null),
                        kind(CacheObserver.Cache.FORWARD, answers, forgotten),
                        running.listings()),
                mirrors);
    }

    private CacheView.Kind kind(CacheObserver.Cache cache, long entries, @Nullable Long evictions) {
        return new CacheView.Kind(
                cache.word(),
                entries,
                running.asked(cache, CacheObserver.Result.HIT),
                running.asked(cache, CacheObserver.Result.STALE),
                running.asked(cache, CacheObserver.Result.MISS),
                running.asked(cache, CacheObserver.Result.COALESCED),
                running.asked(cache, CacheObserver.Result.BYPASS),
                evictions);
    }

    List<RuleView> rules() {
        return ruleWatch.rules(running.serving().policy());
    }

    public void reloaded(Reloaded reload) {
        lastReload = reload;
    }

    /** To be called when the admin server has opened or closed something. */
    public void opened(AdminServer admin) {
        places = new Places(admin.places(), admin.remarks());
    }

    public void draining(boolean now) {
        draining = now;
    }

    public Status status() {
        Serving serving = running.serving();
        Policy policy = serving.policy();
        Map<String, List<String>> addresses = running.addresses();
        List<String> missing = missing();
        Places admin = places;
        return new Status(
                running.version(),
                Runtime.version().feature(),
                running.transport(),
                running.policyFile(),
                policy.revision(),
                policy.mode().word(),
                time(started),
                Duration.between(started, clock.instant()).toSeconds(),
                (int) policy.rules().rules().stream()
                        .filter(r -> !r.isBuiltin())
                        .count(),
                draining,
                missing.isEmpty(),
                missing,
                running.overloadLevel(),
                lastReload,
                policy.listeners().values().stream()
                        .map(l -> new Status.ListenerView(
                                l.name(), l.backend(), addresses.getOrDefault(l.name(), List.of())))
                        .toList(),
                backends(serving),
                admin.open(),
                admin.remarks(),
                running.counters());
    }

    static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    public List<BackendView> backends() {
        return backends(running.serving());
    }

    private List<BackendView> backends(Serving serving) {
        List<BackendView> views = new ArrayList<>();
        serving.policy().backends().values().forEach(b -> {
            Directory directory = serving.directories().get(b.name());
            if (directory != null) {
                views.add(view(b, directory));
            }
        });
        return views;
    }

    private static BackendView view(BackendPolicy backend, Directory directory) {
        boolean table = backend.endpoints().isEmpty();
        RegistryStore.Kept known = directory.known();
        return new BackendView(
                backend.name(),
                table ? "table" : backend.answers().name().toLowerCase(Locale.ROOT),
                directory.isAnswering(),
                directory.isUsable(),
                table ? Integer.valueOf(backend.registry().size()) : known == null ? null : services(known.rows()),
                known == null ? null : known.age().toMillis() / 1000.0,
                directory.endpoints().stream()
                        .map(e -> new BackendView.EndpointView(
                                e.address(),
                                e.word(),
                                e.drained(),
                                e.flaps(),
                                e.lastChange() == null ? null : time(e.lastChange()),
                                e.reason()))
                        .toList());
    }

    /** As the start page counts them: the portmapper's own registrations are not what is looked for. */
    private static Integer services(List<Mapping> rows) {
        return (int)
                rows.stream().filter(row -> row.program() != Procedure.PROGRAM).count();
    }

    /** What keeps rpcward from being ready, in words; empty when nothing does. */
    public List<String> missing() {
        List<String> missing = new ArrayList<>();
        Serving serving = running.serving();
        Map<String, List<String>> addresses = running.addresses();
        if (draining) {
            missing.add("draining");
        }
        for (ListenerPolicy listener : serving.policy().listeners().values()) {
            if (addresses.getOrDefault(listener.name(), List.of()).isEmpty()) {
                missing.add("listener " + listener.name() + " does not listen");
            }
            Directory directory = serving.directories().get(listener.backend());
            if (directory == null || !directory.isUsable()) {
                missing.add("listener " + listener.name() + ": backend " + listener.backend()
                        + " does not answer, and nothing of it is known");
            }
        }
        return missing;
    }
}

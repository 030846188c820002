package org.rpcward.proxy.server;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Builtin;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.admin.AdminServer;
import org.rpcward.proxy.admin.Answer;
import org.rpcward.proxy.admin.CacheView;
import org.rpcward.proxy.admin.Control;
import org.rpcward.proxy.admin.Onlooker;
import org.rpcward.proxy.admin.Operator;
import org.rpcward.proxy.admin.Pulse;
import org.rpcward.proxy.admin.Reloaded;
import org.rpcward.proxy.admin.Request;
import org.rpcward.proxy.admin.Routes;
import org.rpcward.proxy.admin.Views;
import org.rpcward.proxy.backend.BackendClient;
import org.rpcward.proxy.backend.EndpointState;
import org.rpcward.proxy.backend.FailoverClient;
import org.rpcward.proxy.backend.Portmapper;
import org.rpcward.proxy.ban.BanStore;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.frontend.Admission;
import org.rpcward.proxy.frontend.CloseReason;
import org.rpcward.proxy.frontend.ConnectionLimiter;
import org.rpcward.proxy.frontend.StreamFrontend;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.limit.Limits;
import org.rpcward.proxy.metrics.Metrics;
import org.rpcward.proxy.metrics.Scrape;
import org.rpcward.proxy.metrics.Sources;
import org.rpcward.proxy.observe.BackendLog;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.observe.Counters;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.observe.GuardLog;
import org.rpcward.proxy.observe.NettyLog;
import org.rpcward.proxy.observe.ReloadCounts;
import org.rpcward.proxy.observe.RuleKey;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Signal;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.FixedDirectory;
import org.rpcward.proxy.registry.ForwardDirectory;
import org.rpcward.proxy.registry.MirrorDirectory;
import org.rpcward.proxy.registry.Registry;
import org.rpcward.proxy.registry.RegistryStore;
import org.rpcward.proxy.scan.Scans;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.service.Serving;
import org.rpcward.proxy.transport.OwnConnections;
import org.rpcward.proxy.transport.TransportType;

/** The running proxy. Its methods are called one after another, from whatever thread. */
public final class ProxyServer {
    private static final Duration DRAIN = Duration.ofSeconds(5);

    private final TransportType transport;
    private final EventLog log;
    private final Counters counters;
    private final CallLog callLog;
    private final BackendLog backendLog;
    private final EventLoopGroup loops;
    private final EventLoopGroup backendLoop;
    private final OwnConnections own = new OwnConnections();
    private final ScheduledExecutorService writer =
            Executors.newSingleThreadScheduledExecutor(new DefaultThreadFactory("rpcward-state", true));
    private final RegistryStore store;
    private final Scans scans;
    private final BanKeeper bans;
    private final Onlooker onlooker;
    private final PortmapService service;
    private final Overload overload = new Overload(System::nanoTime);
    private final ConnectionLimiter limiter = new ConnectionLimiter(System::nanoTime, this::enforcedLevel);
    private final Sockets sockets;
    private final Notifier notifier;
    private final EventLoopGroup adminLoop;
    private final Pulse pulse;
    private final Views views;
    private final Routes routes;
    private final AdminServer admin;
    private final int cores;
    private final Sources measured = new Measured();
    private @Nullable Metrics metrics;
    private volatile boolean stopping;

    private ProxyServer(
            Policy policy,
            TransportType transport,
            EventLog log,
            Counters counters,
            CallLog callLog,
            String policyFile,
            Operator operator) {
        this.transport = transport;
        this.log = log;
        this.counters = counters;
        this.callLog = callLog;
        this.backendLog = new BackendLog(log, counters.backends());
        counters.serve(policy);
        this.cores = Runtime.getRuntime().availableProcessors();
        int widest = policy.listeners().values().stream()
                .mapToInt(ListenerPolicy::workers)
                .max()
                .orElse(0);
        this.loops = transport.eventLoops(Math.max(cores, widest), "rpcward-worker");
        this.backendLoop = transport.eventLoops(1, "rpcward-backend");
        this.notifier = Notifier.of(System.getenv(), transport, backendLoop);
        this.store = store(System.getenv("STATE_DIRECTORY"));
        GuardLog guardLog = new GuardLog(log, System::nanoTime);
        this.scans = new Scans(new SecureRandom(), guardLog);
        this.bans = BanKeeper.start(writer, banStore(System.getenv("STATE_DIRECTORY")), guardLog, scans);
        bans.bans().spare(policy.bans().never());
        this.onlooker = new Onlooker(callLog, InstantSource.system());
        this.service = new PortmapService(
                serving(policy, null), InstantSource.system(), onlooker, bans.bans(), scans, overload);
        this.sockets = new Sockets(
                transport,
                loops,
                service,
                own,
                limiter,
                overload,
                reason -> callLog.trouble("listen", reason),
                this::logKernel);
        this.adminLoop = transport.eventLoops(1, "rpcward-admin");
        List<EventExecutor> watched = new ArrayList<>();
        loops.forEach(watched::add);
        backendLoop.forEach(watched::add);
        this.pulse = new Pulse(watched, System::nanoTime);
        this.views = new Views(new Looked(policyFile), InstantSource.system());
        this.routes = new Control(views, pulse, onlooker, operator, bans.bans(), adminLoop.next(), this::did)
                .routes()
                .get("/metrics", this::scrape);
        this.admin = new AdminServer(
                transport,
                adminLoop.next(),
                routes,
                usualSocket(System.getenv("RUNTIME_DIRECTORY")),
                reason -> callLog.trouble("admin", reason));
        if (notifier.isWatchedOver()) {
            pulse.each(() -> {
                if (pulse.stuck() == 0) {
                    notifier.alive();
                }
            });
        }
    }

    /** Somebody did something over the control socket. */
    private void did(String what, String to) {
        Map<String, Object> event = log.event("control");
        event.put("action", what);
        event.put("target", to);
        log.write(event);
    }

    /** Where the control socket is when the policy does not say: in the service manager's first directory. */
    private static @Nullable Path usualSocket(@Nullable String directories) {
        return directories == null || directories.isEmpty()
                ? null
                : Path.of(directories.split(":", 2)[0]).resolve("admin.sock");
    }

    /** What the admin server sees of all this. */
    private final class Looked implements Views.Running {
        private final String policyFile;

        Looked(String policyFile) {
            this.policyFile = policyFile;
        }

        @Override
        public String version() {
            String version = ProxyServer.class.getPackage().getImplementationVersion();
            return version == null ? "development" : version;
        }

        @Override
        public String transport() {
            return transport.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public String policyFile() {
            return policyFile;
        }

        @Override
        public Serving serving() {
            return service.current();
        }

        @Override
        public Map<String, List<String>> addresses() {
            return sockets.addresses();
        }

        @Override
        public Map<String, Object> counters() {
            return callLog.totals();
        }

        @Override
        public Map<RuleKey, Long> ruleHits() {
            return counters.calls().ruleHits();
        }

        @Override
        public int overloadLevel() {
            return overload.level();
        }

        @Override
        public List<CacheView> caches() {
            CacheStats listings = service.listingStats();
            return List.of(
                    new CacheView("listings", listings.hitCount(), listings.missCount(), listings.evictionCount()));
        }
    }

    /**
     * Starts to serve.
     *
     * @param policyFile where the policy is, to be told
     * @param operator does what the control socket asks for
     * @throws StartException when the host does not let it; nothing is left open then
     */
    public static ProxyServer start(Policy policy, EventLog log, String policyFile, Operator operator)
            throws StartException {
        follow(log, policy);
        Counters counters = new Counters(System::nanoTime, InstantSource.system());
        CallLog callLog = new CallLog(log, counters, System::nanoTime);
        NettyLog.takeOver(callLog);
        ProxyServer server =
                new ProxyServer(policy, TransportType.best(), log, counters, callLog, policyFile, operator);
        try {
            Map<Sockets.Key, Sockets.Wanted> wanted =
                    server.sockets.wanted(policy.listeners().values(), server.cores);
            requireNoLoop(policy, wanted.keySet());
            server.sockets.open(wanted);
            server.sockets.settle(wanted, policy);
            server.sockets.watchFilters();
            server.openAdmin(policy);
            server.pulse.start(server.adminLoop.next());
            server.service.current().directories().values().forEach(Directory::start);
            server.keepWithinDescriptors(policy);
            server.watchLoad();
            counters.reloads().tookEffect();
        } catch (StartException e) {
            server.shutDown();
            throw e;
        }
        return server;
    }

    /** Lets in no more connections than there are descriptors for, and tells when the policy wants more. */
    private void keepWithinDescriptors(Policy policy) {
        int limit = Descriptors.limit();
        int most = Descriptors.connections(limit);
        long wanted = policy.listeners().values().stream()
                .filter(l -> l.transports().contains(Transport.TCP))
                .mapToLong(l -> l.tcp().maxConnections())
                .sum();
        limiter.capAt(most);
        if (wanted > most) {
            Map<String, Object> event = log.event("descriptors");
            event.put("limit", limit);
            event.put("max_connections", wanted);
            event.put("connections", most);
            event.put(
                    "reason", "the open-file limit is too low for max_connections of all listeners; fewer are let in");
            log.write(event);
        }
    }

    private void watchLoad() {
        EventLoop watching = backendLoop.next();
        new OverloadWatch(
                        overload,
                        this::waiting,
                        () -> 100.0 * limiter.open() / limiter.cap(),
                        sockets::lost,
                        this::levelChanged)
                .start(loops, watching);
    }

    /** Percent of the calls that may wait for one backend. */
    private double waiting() {
        int most = service.current().directories().values().stream()
                .mapToInt(Directory::waiting)
                .max()
                .orElse(0);
        return 100.0 * most / MirrorDirectory.MAX_WAITING;
    }

    /** In audit mode, nothing short of the end of the process hinders anybody. */
    private int enforcedLevel() {
        int level = overload.level();
        return service.current().isAudit() && level < Overload.TOP ? 0 : level;
    }

    private void levelChanged() {
        Overload.State state = overload.state();
        Map<String, Object> event = log.event("overload");
        event.put("level", state.level());
        Signal reason = state.reason();
        if (reason != null) {
            event.put("reason", reason.word());
            event.put("value", Math.round(state.value()) + reason.unit());
        }
        event.put("shed", overload.shed());
        log.write(event);
        callLog.spare(state.level() >= Overload.TRICKLE);
        if (enforcedLevel() >= Overload.NAMED_ONLY) {
            sockets.connections()
                    .forEach(
                            c -> c.eventLoop().execute(() -> c.pipeline().fireUserEventTriggered(StreamFrontend.SHED)));
        }
    }

    private static void follow(EventLog log, Policy policy) throws StartException {
        try {
            log.follow(policy.log());
        } catch (IOException e) {
            throw new StartException(
                    "the log cannot be written to " + policy.log().to() + ": " + e.getMessage());
        }
    }

    public TransportType transport() {
        return transport;
    }

    public Policy policy() {
        return service.current().policy();
    }

    /** The limits that the policy in force charges, as they stand. */
    public List<LimitState> limits() {
        return service.current().limits().states();
    }

    /** Made when somebody scrapes for the first time: at the start there are better things to do. */
    private synchronized Metrics metrics() {
        Metrics made = metrics;
        if (made == null) {
            List<EventExecutor> all = new ArrayList<>();
            List.of(loops, backendLoop, adminLoop).forEach(group -> group.forEach(all::add));
            made = new Metrics(counters, measured, all);
            metrics = made;
        }
        return made;
    }

    private Answer scrape(Request request) {
        Scrape scrape = metrics().scrape(request.accept());
        return Answer.text(Answer.OK, scrape.contentType(), scrape.text());
    }

    /** The addresses that are served, as text, with their transports, by listener. */
    public Map<String, List<String>> addresses() {
        return sockets.addresses();
    }

    /** What the kernel dropped before it reached rpcward, since the start. From whatever thread. */
    public List<SocketDrops> drops() {
        return sockets.drops();
    }

    private void logKernel(String reason) {
        Map<String, Object> event = log.event("kernel");
        event.put("reason", reason);
        log.write(event);
    }

    /**
     * What a backend says at the start.
     *
     * @param registrations how many are known, without those of the portmapper itself; -1 for nothing known
     * @param answering whether it answers; when it does not, what is known is from before
     */
    public record BackendState(int registrations, boolean answering) {
        static final BackendState SILENT = new BackendState(-1, false);
    }

    /** Asks a backend; its silence takes no longer than the given patience. */
    public CompletableFuture<BackendState> askBackend(String backend, Duration patience) {
        Directory directory = service.current().directories().get(backend);
        CompletableFuture<BackendState> state = new CompletableFuture<>();
        if (directory == null) {
            state.complete(BackendState.SILENT);
            return state;
        }
        EventLoop loop = loops.next();
        loop.execute(() -> directory.list(loop, registry -> state.complete(stateOf(directory, registry))));
        return state.completeOnTimeout(BackendState.SILENT, patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static BackendState stateOf(Directory directory, @Nullable Registry registry) {
        int registrations = -1;
        if (registry != null) {
            registrations = (int) registry.rows().stream()
                    .filter(row -> row.program() != Builtin.PORTMAPPER_PROGRAM)
                    .count();
        }
        return new BackendState(registrations, directory.isAnswering());
    }

    /** Who is banned; for an administrator to read and to change. */
    public Bans bans() {
        return bans.bans();
    }

    /** Who scans. */
    public Scans scans() {
        return scans;
    }

    /** Calls back when an event loop has ended, which none does before {@link #stop}: the proxy is of no use any more then. */
    public void whenBroken(Runnable callback) {
        for (EventLoopGroup group : List.of(loops, backendLoop)) {
            group.forEach(loop -> loop.terminationFuture().addListener(ended -> {
                if (!stopping) {
                    callback.run();
                }
            }));
        }
    }

    /** To be called when everything that is wanted at the start is done. */
    public void ready() {
        notifier.ready();
    }

    /**
     * Takes a new policy over: sockets first, then all of the rest at once.
     *
     * @throws StartException when the host does not let it; the old policy goes on then
     */
    public void reload(Policy policy) throws StartException {
        Map<Sockets.Key, Sockets.Wanted> wanted =
                sockets.wanted(policy.listeners().values(), cores);
        requireNoLoop(policy, wanted.keySet());
        Serving old = service.current();
        follow(log, policy);
        try {
            openAdmin(policy);
            sockets.open(wanted);
        } catch (StartException e) {
            follow(log, old.policy());
            openAdmin(old.policy());
            admin.settle();
            throw e;
        }
        Serving next = serving(policy, old);
        counters.serve(policy);
        service.replace(next.after(old));
        bans.bans().spare(policy.bans().never());
        next.directories().values().stream()
                .filter(d -> !old.directories().containsValue(d))
                .forEach(Directory::start);
        sockets.settle(wanted, policy);
        admin.settle();
        letCallsPass();
        service.replace(next);
        keepWithinDescriptors(policy);
        closeDirectories(old, next);
    }

    /**
     * Waits until each event loop has done what it was at. A call that came by a listener's old name may have been taken
     * from its socket a moment ago: it must find that name until then.
     */
    private void letCallsPass() {
        List<Future<?>> passed = new ArrayList<>();
        loops.forEach(loop -> passed.add(loop.submit(() -> {})));
        passed.forEach(pass -> pass.awaitUninterruptibly(DRAIN.toMillis()));
    }

    private void openAdmin(Policy policy) throws StartException {
        try {
            admin.open(policy.admin());
        } catch (IOException e) {
            throw new StartException(String.valueOf(e.getMessage()));
        }
    }

    /** Where rpcward tells of itself and takes orders: addresses and paths, in words. */
    public List<String> adminPlaces() {
        return admin.places();
    }

    /** To be called with what came of each reload. */
    public void reloaded(Reloaded reload) {
        views.reloaded(reload);
        counters.reloads()
                .ended(
                        switch (reload.result()) {
                            case OK -> ReloadCounts.Result.OK;
                            case INVALID -> ReloadCounts.Result.INVALID;
                            case FAILED -> ReloadCounts.Result.FAILED;
                        });
    }

    /** Tells the service manager that a reload begins; {@link #ready} tells that it is over. */
    public void reloading() {
        notifier.reloading();
    }

    private static void closeDirectories(Serving old, Serving next) {
        old.directories().values().stream()
                .filter(d -> !next.directories().containsValue(d))
                .forEach(Directory::close);
    }

    /** Takes no new calls, lets those that are under way end, for a moment, and stops. */
    public void stop() {
        stopping = true;
        views.draining(true);
        notifier.stopping();
        sockets.close();
        sockets.connections()
                .forEach(c -> c.eventLoop().execute(() -> c.pipeline().fireUserEventTriggered(StreamFrontend.DRAIN)));
        sockets.connections().newCloseFuture().awaitUninterruptibly(DRAIN.toMillis());
        shutDown();
        Map<String, Object> event = log.event("stop");
        event.putAll(callLog.totals());
        event.put("listings_reused", service.listingStats().hitCount());
        event.put("listings_encoded", service.listingStats().missCount());
        log.write(event);
    }

    private synchronized void closeMetrics() {
        if (metrics != null) {
            metrics.close();
        }
    }

    private void shutDown() {
        pulse.stop();
        admin.close();
        closeMetrics();
        service.current().directories().values().forEach(Directory::close);
        List<Future<?>> ends = List.of(
                adminLoop.shutdownGracefully(0, DRAIN.toMillis(), TimeUnit.MILLISECONDS),
                loops.shutdownGracefully(0, DRAIN.toMillis(), TimeUnit.MILLISECONDS),
                backendLoop.shutdownGracefully(0, DRAIN.toMillis(), TimeUnit.MILLISECONDS));
        ends.forEach(Future::awaitUninterruptibly);
        bans.close();
        writer.shutdown();
    }

    private Serving serving(Policy policy, @Nullable Serving old) {
        Map<String, Directory> directories = new HashMap<>();
        for (BackendPolicy backend : policy.backends().values()) {
            Directory same = old == null ? null : old.directoryOf(backend);
            directories.put(backend.name(), same != null ? same : directory(backend, old));
        }
        return new Serving(policy, directories, Limits.of(policy, old == null ? null : old.limits()));
    }

    private Directory directory(BackendPolicy backend, @Nullable Serving old) {
        if (backend.endpoints().isEmpty()) {
            return new FixedDirectory(backend.registry());
        }
        RegistryStore.Kept known = old == null ? null : old.knownOf(backend);
        Portmapper portmapper = new FailoverClient(
                backend,
                backendLoop.next(),
                backendLog,
                InstantSource.system(),
                (endpoint, loop) -> new BackendClient(
                        socketAddress(endpoint),
                        backend.timeout(),
                        transport,
                        loop,
                        own,
                        counters.backends().watcher(backend.name(), endpoint.toString())));
        MirrorDirectory mirror = new MirrorDirectory(
                backend,
                portmapper,
                System::nanoTime,
                backendLog,
                counters.caches(),
                known == null ? store : store.beginningWith(known));
        drainAgain(old == null ? null : old.directories().get(backend.name()), mirror);
        return backend.answers() == BackendPolicy.Answers.MIRROR
                ? mirror
                : new ForwardDirectory(backend, mirror, portmapper, System::nanoTime, counters.caches());
    }

    /** What was let rest stays so when the policy says something new of its backend. */
    private static void drainAgain(@Nullable Directory before, Directory now) {
        if (before != null) {
            before.endpoints().stream()
                    .filter(EndpointState::drained)
                    .forEach(endpoint -> now.drain(endpoint.address(), true));
        }
    }

    private static InetSocketAddress socketAddress(BackendPolicy.Endpoint endpoint) {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(endpoint.address().bytes()), endpoint.port());
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes, endpoint=" + endpoint, e);
        }
    }

    /** Where registries are kept: the service manager says, or nowhere. */
    private RegistryStore store(@Nullable String directory) {
        if (directory == null || directory.isEmpty()) {
            return RegistryStore.NONE;
        }
        return new StateFiles(Path.of(directory), InstantSource.system(), writer, this::stateFailed);
    }

    private BanStore banStore(@Nullable String directory) {
        return directory == null || directory.isEmpty()
                ? BanStore.NONE
                : new BanFile(Path.of(directory), this::stateFailed);
    }

    private void stateFailed(String failure) {
        Map<String, Object> event = log.event("state");
        event.put("reason", failure);
        log.write(event);
    }

    private static void requireNoLoop(Policy policy, Set<Sockets.Key> sockets) throws StartException {
        for (BackendPolicy backend : policy.backends().values()) {
            for (BackendPolicy.Endpoint endpoint : backend.endpoints()) {
                if (Sockets.reaches(sockets, endpoint)) {
                    throw new StartException(backend.place() + ": backend '" + backend.name() + "' is at " + endpoint
                            + ", where rpcward itself listens: it would ask itself.\n"
                            + "  Bind other addresses (bind: [external] leaves loopback to the backend), or give the\n"
                            + "  backend another port; docs/same-host.md has recipes.");
                }
            }
        }
    }

    private final class Measured implements Sources {
        @Override
        public Policy policy() {
            return ProxyServer.this.policy();
        }

        @Override
        public String transport() {
            return transport.name().toLowerCase(Locale.ROOT);
        }

        @Override
        public Map<String, Integer> connections() {
            return limiter.openByListener();
        }

        @Override
        public Map<String, Long> admissions() {
            Map<String, Long> admissions = new TreeMap<>();
            for (Admission admission : Admission.values()) {
                admissions.put(admission.word(), limiter.admitted(admission));
            }
            return admissions;
        }

        @Override
        public Map<String, Long> closes() {
            Map<String, Long> closes = new TreeMap<>();
            for (CloseReason reason : CloseReason.values()) {
                closes.put(reason.word(), limiter.closed(reason));
            }
            return closes;
        }

        @Override
        public Scans scans() {
            return ProxyServer.this.scans();
        }

        @Override
        public Overload overload() {
            return overload;
        }

        @Override
        public List<Drops> drops() {
            return sockets.drops().stream()
                    .map(d -> new Drops(d.listener(), d.transport(), d.lane().word(), d.dropped()))
                    .toList();
        }

        @Override
        public Bans bans() {
            return ProxyServer.this.bans();
        }

        @Override
        public List<LimitState> limits() {
            return service.current().limits().states();
        }

        @Override
        public CacheStats listings() {
            return service.listingStats();
        }

        @Override
        public long listingEntries() {
            return service.listingEntries();
        }

        @Override
        public long listingBytes() {
            return service.listingBytes();
        }

        @Override
        public Map<String, Directory> directories() {
            return service.current().directories();
        }

        @Override
        public long lostEvents() {
            return log.lost();
        }
    }
}

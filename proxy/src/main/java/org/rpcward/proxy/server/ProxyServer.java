package org.rpcward.proxy.server;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.admin.AdminServer;
import org.rpcward.proxy.admin.Control;
import org.rpcward.proxy.admin.Onlooker;
import org.rpcward.proxy.admin.Operator;
import org.rpcward.proxy.admin.Pulse;
import org.rpcward.proxy.admin.Reloaded;
import org.rpcward.proxy.admin.Routes;
import org.rpcward.proxy.admin.Views;
import org.rpcward.proxy.frontend.ConnectionLimiter;
import org.rpcward.proxy.frontend.StreamFrontend;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.limit.Limits;
import org.rpcward.proxy.observe.BackendLog;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.observe.Counters;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.observe.GuardLog;
import org.rpcward.proxy.observe.NettyLog;
import org.rpcward.proxy.observe.ReloadCounts;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.registry.Directory;
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
    private final RunLog runLog;
    private final CallLog callLog;
    private final Counters counters;
    private final int cores;
    private final EventLoopGroup loops;
    private final EventLoopGroup backendLoop;
    private final EventLoopGroup adminLoop;
    private final Notifier notifier;
    private final StateDirectory state;
    private final BanKeeper bans;
    private final Directories directories;
    private final PortmapService service;
    private final LoadKeeper loadKeeper;
    private final ConnectionLimiter limiter;
    private final KernelKeeper kernel;
    private final Sockets sockets;
    private final MetricsPage metricsPage;
    private final Pulse pulse;
    private final Views views;
    private final AdminServer admin;
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
        this.runLog = new RunLog(log, counters.replies()::failed);
        this.callLog = callLog;
        this.counters = counters;
        counters.serve(policy);

        this.cores = Runtime.getRuntime().availableProcessors();
        int widest = policy.listeners().values().stream()
                .mapToInt(ListenerPolicy::workers)
                .max()
                .orElse(0);
        this.loops = transport.eventLoops(Math.max(cores, widest), "rpcward-worker");
        this.backendLoop = transport.eventLoops(1, "rpcward-backend");
        this.adminLoop = transport.eventLoops(1, "rpcward-admin");
        this.notifier = Notifier.of(System.getenv(), transport, backendLoop);

        Recurring recurring = new Recurring(callLog::failed);
        this.state = new StateDirectory(System.getenv("STATE_DIRECTORY"), runLog::state);
        GuardLog guardLog = new GuardLog(log, System::nanoTime);
        Scans scans = new Scans(new SecureRandom(), guardLog);
        this.bans = BanKeeper.start(state.writer(), state.bans(), guardLog, scans, recurring);
        bans.bans().spare(policy.bans().never());

        OwnConnections own = new OwnConnections();
        BackendLog backendLog = new BackendLog(log, counters.backends(), callLog::failed);
        this.directories =
                new Directories(transport, backendLoop.next(), own, backendLog, counters, state.registries());
        Overload overload = new Overload(System::nanoTime);
        Onlooker onlooker = new Onlooker(callLog, InstantSource.system());
        this.service = new PortmapService(
                serving(policy, null), InstantSource.system(), onlooker, bans.bans(), scans, overload);
        this.loadKeeper = new LoadKeeper(overload, service, callLog, runLog, recurring);
        this.limiter = new ConnectionLimiter(System::nanoTime, loadKeeper::enforcedLevel);
        this.kernel = new KernelKeeper(transport.sharesPorts(), overload, runLog::kernel, recurring);
        this.sockets = new Sockets(
                transport, loops, service, own, limiter, overload, kernel, reason -> callLog.trouble("listen", reason));

        this.metricsPage = new MetricsPage(
                counters,
                new MeasuredProxy(transport, service, limiter, kernel, bans.bans(), scans, overload, log),
                executors(loops, backendLoop, adminLoop));
        this.pulse = new Pulse(executors(loops, backendLoop), System::nanoTime);
        this.views = new Views(
                new RunningProxy(
                        policyFile,
                        transport,
                        service,
                        sockets,
                        callLog,
                        counters.calls(),
                        counters.caches(),
                        overload),
                InstantSource.system());
        Routes routes = new Control(views, pulse, onlooker, operator, bans.bans(), adminLoop.next(), runLog::ordered)
                .routes()
                .get("/metrics", metricsPage::answer);
        this.admin = new AdminServer(
                transport,
                adminLoop.next(),
                routes,
                usualSocket(System.getenv("RUNTIME_DIRECTORY")),
                reason -> callLog.trouble("admin", reason));
        if (notifier.isWatchedOver()) {
            pulse.each(recurring.of("watchdog", () -> {
                if (pulse.stuck() == 0) {
                    notifier.alive();
                }
            }));
        }
    }

    private static List<EventExecutor> executors(EventLoopGroup... groups) {
        List<EventExecutor> all = new ArrayList<>();
        for (EventLoopGroup group : groups) {
            group.forEach(all::add);
        }
        return all;
    }

    /** Where the control socket is when the policy does not say: in the service manager's first directory. */
    private static @Nullable Path usualSocket(@Nullable String directories) {
        return directories == null || directories.isEmpty()
                ? null
                : Path.of(directories.split(":", 2)[0]).resolve("admin.sock");
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
            server.kernel.start();
            server.openAdmin(policy);
            server.pulse.start(server.adminLoop.next());
            server.service.current().directories().values().forEach(Directory::start);
            server.keepWithinDescriptors(policy);
            server.loadKeeper.start(
                    server.loops, server.backendLoop.next(), server.limiter, server.sockets, server.kernel);
            counters.reloads().tookEffect();
        } catch (StartException | RuntimeException | Error e) {
            server.closeSockets();
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
            runLog.shortOfDescriptors(limit, wanted, most);
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

    /** The addresses that are served, as text, with their transports, by listener. */
    public Map<String, List<String>> addresses() {
        return sockets.addresses();
    }

    /** Asks a backend; its silence takes no longer than the given patience. */
    public CompletableFuture<BackendState> askBackend(String backend, Duration patience) {
        return BackendState.ask(service.current().directories().get(backend), loops.next(), patience);
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
            settleAdmin();
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
        settleAdmin();
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
            views.opened(admin);
        } catch (IOException e) {
            throw new StartException(String.valueOf(e.getMessage()));
        }
    }

    private void settleAdmin() {
        admin.settle();
        views.opened(admin);
    }

    /** Where rpcward tells of itself and takes orders: addresses and paths, in words. */
    public List<String> adminPlaces() {
        return admin.places();
    }

    /** What is not as it should be there, in words. */
    public List<String> adminRemarks() {
        return admin.remarks();
    }

    /** To be called with what came of each reload. */
    public void reloaded(Reloaded reload) {
        views.reloaded(reload);
        counters.reloads()
                .ended(
                        switch (reload.result()) {
                            case OK -> ReloadCounts.Result.OK;
                            case INVALID -> ReloadCounts.Result.INVALID;
                            case IO -> ReloadCounts.Result.IO;
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
        closeSockets();
        sockets.connections()
                .forEach(c -> c.eventLoop().execute(() -> c.pipeline().fireUserEventTriggered(StreamFrontend.DRAIN)));
        sockets.connections().newCloseFuture().awaitUninterruptibly(DRAIN.toMillis());
        shutDown();
        runLog.stopped(callLog.totals(), service.listingStats());
    }

    private void closeSockets() {
        kernel.close();
        sockets.close();
    }

    private void shutDown() {
        pulse.stop();
        admin.close();
        metricsPage.close();
        service.current().directories().values().forEach(Directory::close);
        List<Future<?>> ends = List.of(
                adminLoop.shutdownGracefully(0, DRAIN.toMillis(), TimeUnit.MILLISECONDS),
                loops.shutdownGracefully(0, DRAIN.toMillis(), TimeUnit.MILLISECONDS),
                backendLoop.shutdownGracefully(0, DRAIN.toMillis(), TimeUnit.MILLISECONDS));
        ends.forEach(Future::awaitUninterruptibly);
        bans.close();
        state.close();
    }

    private Serving serving(Policy policy, @Nullable Serving old) {
        return new Serving(policy, directories.of(policy, old), Limits.of(policy, old == null ? null : old.limits()));
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
}

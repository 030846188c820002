package org.rpcward.proxy.server;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import org.rpcward.proxy.frontend.ConnectionLimiter;
import org.rpcward.proxy.frontend.StreamFrontend;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.MirrorDirectory;
import org.rpcward.proxy.service.PortmapService;

/** Has the load watched, and does at each level of {@link Overload} what is not done call by call. */
final class LoadKeeper {
    private final Overload overload;
    private final PortmapService service;
    private final CallLog callLog;
    private final RunLog runLog;
    private final Recurring recurring;

    LoadKeeper(Overload overload, PortmapService service, CallLog callLog, RunLog runLog, Recurring recurring) {
        this.recurring = recurring;
        this.overload = overload;
        this.service = service;
        this.callLog = callLog;
        this.runLog = runLog;
    }

    /** In audit mode, nothing short of the end of the process hinders anybody. */
    int enforcedLevel() {
        int level = overload.level();
        return service.current().isAudit() && level < Overload.TOP ? 0 : level;
    }

    /**
     * Begins.
     *
     * @param watched the loops whose lag counts
     * @param by the loop that watches
     * @param sockets whose connections are told when the least important have to go
     * @param kernel counts what was lost, and is told of each change
     */
    void start(
            EventLoopGroup watched, EventExecutor by, ConnectionLimiter limiter, Sockets sockets, KernelKeeper kernel) {
        new OverloadWatch(
                        overload,
                        this::waiting,
                        () -> 100.0 * limiter.open() / limiter.cap(),
                        kernel::lost,
                        () -> levelChanged(sockets, kernel),
                        System::nanoTime,
                        recurring)
                .start(watched, by);
    }

    /** Percent of the calls that may wait for one backend. */
    private double waiting() {
        int most = service.current().directories().values().stream()
                .mapToInt(Directory::waiting)
                .max()
                .orElse(0);
        return 100.0 * most / MirrorDirectory.MAX_WAITING;
    }

    private void levelChanged(Sockets sockets, KernelKeeper kernel) {
        Overload.State state = overload.state();
        runLog.overload(state, overload.shed());
        callLog.spare(state.level() >= Overload.TRICKLE);
        kernel.overloadChanged();
        if (enforcedLevel() >= Overload.NAMED_ONLY) {
            sockets.connections()
                    .forEach(
                            c -> c.eventLoop().execute(() -> c.pipeline().fireUserEventTriggered(StreamFrontend.SHED)));
        }
    }
}

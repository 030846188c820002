package org.rpcward.proxy.registry;

import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.RejectedExecutionException;

/** Hands answers over to those who asked. */
final class Handing {
    private Handing() {}

    /** Runs something on an asker's loop: at once where that is this one. Nobody waits any more on one that has ended. */
    static void over(EventExecutor executor, Runnable answer) {
        if (executor.inEventLoop()) {
            answer.run();
            return;
        }
        try {
            executor.execute(answer);
        } catch (RejectedExecutionException ended) {
            return;
        }
    }
}

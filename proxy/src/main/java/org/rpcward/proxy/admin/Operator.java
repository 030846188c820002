package org.rpcward.proxy.admin;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Does what is done from outside of the event loops: by signals, and here. Each method returns at once. */
public interface Operator {
    /** Takes no orders. */
    Operator NONE = new Operator() {
        @Override
        public CompletionStage<Reloaded> reload() {
            return CompletableFuture.failedFuture(new IllegalStateException("nobody takes orders here"));
        }

        @Override
        public void stop() {
            // Whoever started it stops it.
        }
    };

    /** Reads the policy again, in the turn of all such orders. */
    CompletionStage<Reloaded> reload();

    /** Lets the calls that are under way end, and stops. */
    void stop();
}

package org.rpcward.proxy.server;

import java.util.function.BiConsumer;

/**
 * Has a mistake in what is done again and again cost that one time alone. A scheduler would never do it again, and say
 * nothing.
 */
final class Recurring {
    private final BiConsumer<String, Throwable> mistakes;

    /** @param mistakes is told of each, and in what it was met */
    Recurring(BiConsumer<String, Throwable> mistakes) {
        this.mistakes = mistakes;
    }

    /** The same, for a scheduler. */
    Runnable of(String what, Runnable step) {
        return () -> {
            try {
                step.run();
            } catch (RuntimeException | Error mistake) {
                mistakes.accept(what, mistake);
            }
        };
    }
}

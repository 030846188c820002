package org.rpcward.proxy.registry;

import io.netty.util.concurrent.EventExecutor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Answers questions about the registrations of one backend, in bounded time. The executor is the asker's, and the calling
 * thread is its thread; answers are given there, before the method returns where nobody has to be asked.
 */
public interface Directory {
    /**
     * Looks a program up.
     *
     * @param shown what the asker may see
     */
    void find(Question question, RowFilter shown, EventExecutor executor, Consumer<Answer> then);

    /** Gives the whole registry as it is known; null when the backend could not be asked and nothing is known. */
    void list(EventExecutor executor, Consumer<@Nullable Registry> then);

    /** Begins to ask without being asked, where that is to be done. */
    default void start() {}

    /** Whether the backend answered when it was asked last. */
    default boolean isAnswering() {
        return true;
    }

    /** What is known of a backend's registry, for a directory that follows this one; null when nothing is. */
    default RegistryStore.@Nullable Kept known() {
        return null;
    }

    /** Stops asking. Questions that wait are answered as unavailable. */
    default void close() {}
}

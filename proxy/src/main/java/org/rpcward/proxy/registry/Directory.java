package org.rpcward.proxy.registry;

import io.netty.util.concurrent.EventExecutor;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.backend.EndpointState;

/**
 * Answers questions about the registrations of one backend, in bounded time. The executor is the asker's, and the
 * calling thread is its thread; answers are given there.
 */
public interface Directory {
    /**
     * Looks a program up.
     *
     * @param shown what the asker may see
     * @param now when it was asked, in nanoseconds of {@link System#nanoTime}
     * @param then hears the answer if somebody has to be asked for it first
     * @return the answer, or null if it comes later
     */
    @Nullable
    Answer find(Question question, RowFilter shown, long now, EventExecutor executor, Consumer<Answer> then);

    /** Gives the whole registry as it is known; null when the backend could not be asked and nothing is known. */
    void list(EventExecutor executor, Consumer<@Nullable Registry> then);

    /** Looks a program up in what is known now: nobody is asked, and nobody waits. */
    Answer recall(Question question, RowFilter shown);

    /** The whole registry as it is known now; null when nothing is. */
    @Nullable
    Registry recallAll();

    /** How many wait for the backend. Asked on the backend's event loop. */
    default int waiting() {
        return 0;
    }

    /** Begins to read the registry unprompted, where there is one to read. */
    default void start() {}

    /** Whether the backend answered when it was asked last. */
    default boolean isAnswering() {
        return true;
    }

    /** What is known of a backend's registry, for a directory that follows this one; null when nothing is. */
    default RegistryStore.@Nullable Kept known() {
        return null;
    }

    /** The state of the copy of the registry; null where there is none. Callable from everywhere. */
    default @Nullable MirrorState mirror() {
        return null;
    }

    /** Whether questions can be answered, from what is known if need be. Callable from everywhere, as what follows. */
    default boolean isUsable() {
        return true;
    }

    /** How the portmappers behind it do, in the order in which they are preferred; none behind a table. */
    default List<EndpointState> endpoints() {
        return List.of();
    }

    /**
     * Lets a portmapper rest, or takes it back; while all rest, answers come from what is known.
     *
     * @param endpoint its address and port; null for all of them
     * @return false when there is no such portmapper
     */
    default boolean drain(@Nullable String endpoint, boolean drained) {
        return false;
    }

    /** Stops asking. Questions that wait are answered from what is known. */
    default void close() {}
}

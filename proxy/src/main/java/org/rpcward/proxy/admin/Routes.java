package org.rpcward.proxy.admin;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is to be had under which path. A path is matched as it is written, letter by letter: nothing is decoded in it, and
 * nothing of it names a file. Thread-safe.
 */
public final class Routes {
    private final Map<String, Route> routes = new ConcurrentHashMap<>();

    /** How a request is answered. Called on the event loop of the admin server; must not block. */
    public interface Handler {
        CompletionStage<Answer> answer(Request request);
    }

    /** How a stream begins: adds what is to be sent from then on to the lines, until they are closed. */
    interface Streamer {
        void begin(Request request, LineStream lines);
    }

    /**
     * What is behind a path.
     *
     * @param changes whether it does something, and so is on the control socket alone, for POST
     */
    record Route(
            boolean changes,
            @Nullable Handler handler,
            @Nullable Streamer streamer) {}

    /** Something to read, at the address of the policy and on the control socket. */
    public Routes get(String path, Function<Request, Answer> answer) {
        return add(path, new Route(false, request -> CompletableFuture.completedFuture(answer.apply(request)), null));
    }

    /** The same, where the answer takes a while. */
    public Routes getLater(String path, Handler answer) {
        return add(path, new Route(false, answer, null));
    }

    /** Something to do. */
    Routes post(String path, Handler answer) {
        return add(path, new Route(true, answer, null));
    }

    /** Lines without an end. */
    Routes stream(String path, Streamer streamer) {
        return add(path, new Route(false, null, streamer));
    }

    private Routes add(String path, Route route) {
        if (routes.put(path, route) != null) {
            throw new IllegalArgumentException("two routes for path=" + path);
        }
        return this;
    }

    @Nullable
    Route find(String path) {
        return routes.get(path);
    }

    /** All paths, in order, with what goes there. */
    String list() {
        StringBuilder list = new StringBuilder();
        routes.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(e -> list.append(e.getValue().changes() ? "POST " : "GET  ")
                        .append(e.getKey())
                        .append(e.getValue().changes() ? " (control socket only)\n" : "\n"));
        return list.toString();
    }
}

package org.rpcward.proxy.admin;

import java.util.List;

/** The paths of the admin server, and what is behind them. */
public final class Control {
    /** All that is to be read or done has this before it. */
    static final String API = "/api/v1/";

    private Control() {}

    /** All routes but those that other parts add. */
    public static Routes routes(Views views, Pulse pulse, Operator operator) {
        Routes routes = new Routes();
        return routes.get("/", request -> Answer.text(Answer.OK, Answer.TEXT, "rpcward\n\n" + routes.list()))
                .get("/healthz", request -> healthz(pulse))
                .get("/readyz", request -> readyz(views))
                .get(API + "status", request -> Answer.json(views.status()))
                .get(API + "backends", request -> Answer.json(views.backends()))
                .post(API + "reload", request -> operator.reload().thenApply(Control::told));
    }

    private static Answer healthz(Pulse pulse) {
        int stuck = pulse.stuck();
        return stuck == 0
                ? Answer.text(Answer.OK, Answer.TEXT, "ok\n")
                : Answer.text(
                        Answer.UNAVAILABLE, Answer.TEXT, stuck + " of " + pulse.loops() + " event loops are stuck\n");
    }

    private static Answer readyz(Views views) {
        List<String> missing = views.missing();
        return missing.isEmpty()
                ? Answer.text(Answer.OK, Answer.TEXT, "ready\n")
                : Answer.text(Answer.UNAVAILABLE, Answer.TEXT, String.join("\n", missing) + "\n");
    }

    private static Answer told(Reloaded reload) {
        return Answer.json(
                switch (reload.result()) {
                    case OK -> Answer.OK;
                    case INVALID -> Answer.INVALID;
                    case FAILED -> Answer.FAILED;
                },
                reload);
    }
}

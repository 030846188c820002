package org.rpcward.proxy.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The lines about one call. What a trial would do is passed on at once; what is done with the call, when it has ended.
 * All of its lines have the same id and the same time. Only used on the call's event loop.
 */
public final class CallNote {
    private final String id;
    private final String time;
    private final List<Waiting> waiting = new ArrayList<>(1);

    private record Waiting(Map<String, Object> line, Consumer<Map<String, Object>> to) {}

    CallNote(String id, String time) {
        this.id = id;
        this.time = time;
    }

    /** Passes a line on, now or at the end of the call; the receiver may keep it. */
    public void tell(CallRecord said, Consumer<Map<String, Object>> to) {
        tell(said, Map.of(), to);
    }

    /** @param more fields that follow those which every line has */
    void tell(CallRecord said, Map<String, Object> more, Consumer<Map<String, Object>> to) {
        Map<String, Object> line = said.line(id, time);
        line.putAll(more);
        if (said.isTrial()) {
            to.accept(line);
        } else {
            waiting.add(new Waiting(line, to));
        }
    }

    void ended(String path, long nanos) {
        for (Waiting one : waiting) {
            one.line().put("path", path);
            one.line().put("duration_us", TimeUnit.NANOSECONDS.toMicros(nanos));
            one.to().accept(one.line());
        }
        waiting.clear();
    }
}

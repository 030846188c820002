package org.rpcward.proxy.admin;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Query;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/**
 * One call, as somebody who looks on sees it. Its line of JSON has the keys that calls have in the log.
 *
 * @param query the call; null for one that is malformed or was not looked at
 * @param onTrial whether this is only what would be done
 */
record TailEvent(
        Instant time,
        String listener,
        IpAddress address,
        Transport transport,
        @Nullable Query query,
        String verdict,
        String rule,
        String reason,
        boolean onTrial,
        String revision) {

    String programName() {
        return query == null || !query.namesProgram() ? "" : Top.nameOf(query.program());
    }

    /** What a term of a filter compares; empty where the call has no such thing. */
    String field(String key) {
        return switch (key) {
            case "verdict" -> verdict;
            case "source" -> address.toString();
            case "rule" -> rule;
            case "reason" -> reason;
            case "transport" -> transport.word();
            case "listener" -> listener;
            case "procedure" -> query == null ? "" : query.procedure().word();
            case "version" -> query == null || !query.namesProgram() ? "" : Integer.toUnsignedString(query.version());
            default -> throw new IllegalArgumentException("no such key=" + key);
        };
    }

    Map<String, Object> line() {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("time", Views.time(time));
        line.put("event", "call");
        line.put("listener", listener);
        line.put("source", address.toString());
        line.put("transport", transport.word());
        if (query != null) {
            line.put("protocol", query.protocol());
            line.put("procedure", query.procedure().word());
            if (query.namesProgram()) {
                Map<String, Object> program = new LinkedHashMap<>();
                program.put("name", programName());
                program.put("number", Integer.toUnsignedLong(query.program()));
                line.put("program", program);
                line.put("version", Integer.toUnsignedLong(query.version()));
            }
        }
        line.put("verdict", verdict);
        line.put("rule", rule);
        line.put("reason", reason);
        if (onTrial) {
            line.put("mode", Mode.AUDIT.word());
        }
        line.put("revision", revision);
        return line;
    }
}

package org.rpcward.proxy.observe;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.service.Exchange;

/**
 * What is said of one call, in the log and to those who look on. How it ended is not known yet.
 *
 * @param query the call; null for one that is malformed or was not looked at
 * @param onTrial whether this is only what would be done
 */
public record CallRecord(
        String listener,
        IpAddress source,
        Transport transport,
        @Nullable Query query,
        Verdict verdict,
        String rule,
        String reason,
        boolean onTrial,
        String revision) {
    /** The reason of what a rule in audit mode would do. */
    public static final String TRIAL = "trial";

    /** The reason of what a rule says. */
    public static final String RULE = "rule";

    /** What is said of a call under a policy. */
    public static CallRecord of(
            Exchange exchange, @Nullable Query query, Verdict verdict, String rule, String reason, Policy policy) {
        return new CallRecord(
                exchange.listener(),
                exchange.source(),
                exchange.transport(),
                query,
                verdict,
                rule,
                reason,
                isOnTrial(reason, policy),
                policy.revision());
    }

    static boolean isOnTrial(String reason, Policy policy) {
        return reason.equals(TRIAL) || policy.mode() == Mode.AUDIT;
    }

    /** Whether this is said of a rule on trial, and the verdict on the call is still to come. */
    boolean isTrial() {
        return reason.equals(TRIAL);
    }

    /** The fields of the line, in their order. */
    Map<String, Object> line(String id, String time) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("time", time);
        line.put("event", "call");
        line.put("id", id);
        line.put("listener", listener);
        line.put("source", source.toString());
        line.put("transport", transport.word());
        if (query != null) {
            line.put("protocol", query.protocol());
            line.put("procedure", query.procedure().word());
            if (query.namesProgram()) {
                line.put("program", ProgramField.of(query.program()));
                line.put("version", Integer.toUnsignedLong(query.version()));
            }
        }
        line.put("verdict", verdict.word());
        line.put("rule", rule);
        line.put("reason", reason);
        if (onTrial) {
            line.put("mode", Mode.AUDIT.word());
        }
        line.put("revision", revision);
        return line;
    }
}

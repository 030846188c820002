package org.rpcward.proxy.metrics;

import java.util.List;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.proxy.observe.ReloadCounts;

/** Which policy is in force, how its reloads went, and what runs. */
final class PolicyFamilies {
    private PolicyFamilies() {}

    static List<Family> of(ReloadCounts reloads, Sources sources) {
        return List.of(
                Family.info(
                        "rpcward_config_info",
                        "The policy in force",
                        List.of("revision", "mode"),
                        sink -> sink.value(
                                1,
                                sources.policy().revision(),
                                sources.policy().mode().word())),
                Family.gauge(
                        "rpcward_audit_rules",
                        "Rules of the policy that are on trial",
                        () -> auditRules(sources.policy())),
                Family.counter(
                        "rpcward_config_reloads_total",
                        "Reloads of the policy, by how they ended",
                        List.of("result"),
                        sink -> {
                            for (ReloadCounts.Result result : ReloadCounts.Result.values()) {
                                sink.count(reloads.of(result), result.word());
                            }
                        }),
                Family.gauge(
                        "rpcward_config_last_reload_successful",
                        "Whether the policy that was read last is the one in force",
                        () -> reloads.lastWorked() ? 1 : 0),
                Family.gauge(
                        "rpcward_config_last_reload_success_timestamp_seconds",
                        "When the policy in force began to serve, in seconds since 1970",
                        reloads::inForceSince),
                Family.info(
                        "rpcward_build_info",
                        "What runs",
                        List.of("version", "java", "transport"),
                        sink -> sink.value(
                                1,
                                String.valueOf(PolicyFamilies.class.getPackage().getImplementationVersion()),
                                System.getProperty("java.version"),
                                sources.transport())));
    }

    /** All of them, when the whole policy is. */
    private static long auditRules(Policy policy) {
        return policy.rules().rules().stream()
                .filter(rule -> !rule.isBuiltin() && (rule.isAudit() || policy.mode() == Mode.AUDIT))
                .count();
    }
}

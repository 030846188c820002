package org.rpcward.proxy.service;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.limit.Limit;
import org.rpcward.proxy.limit.Limits;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.RegistryStore;
import org.rpcward.proxy.rpcbind.Results.Asked;

/**
 * A policy with what is behind it: all that one call needs, taken once when it arrives. Immutable; a reload makes a new
 * one.
 */
public final class Serving {
    private final Policy policy;
    private final Map<String, Directory> directories;
    private final Limits limits;
    private final List<Hindrance> overLimit;
    private final List<Hindrance> overLimitAndMalformed;
    private final Map<String, Listening> listeners = new HashMap<>();

    /** One listener's part. */
    record Listening(
            ListenerPolicy policy,
            Directory directory,
            @Nullable IpAddress v4,
            @Nullable IpAddress v6) {
        /** The addresses that stand in answers to a client that asked at one of ours. */
        Asked answerAddresses(Asked asked) {
            return v4 == null && v6 == null
                    ? asked
                    : new Asked(v4 == null ? asked.v4() : v4, v6 == null ? asked.v6() : v6);
        }
    }

    /**
     * @param directories by the name of the backend; one for each in the policy
     * @param limits those of the policy
     */
    public Serving(Policy policy, Map<String, Directory> directories, Limits limits) {
        this.policy = policy;
        this.directories = Map.copyOf(directories);
        this.limits = limits;
        this.overLimit = limits.all().stream()
                .map(limit -> hindrance(limit, limit.policy().over()))
                .toList();
        this.overLimitAndMalformed = limits.all().stream()
                .map(limit -> hindrance(limit, Verdict.DROP))
                .toList();
        for (ListenerPolicy listener : policy.listeners().values()) {
            Directory directory = this.directories.get(listener.backend());
            if (directory == null) {
                throw new IllegalArgumentException("no directory for backend=" + listener.backend());
            }
            IpAddress v4 = listener.advertise().stream()
                    .filter(IpAddress::isV4)
                    .findFirst()
                    .orElse(null);
            IpAddress v6 = listener.advertise().stream()
                    .filter(a -> !a.isV4())
                    .findFirst()
                    .orElse(null);
            listeners.put(listener.name(), new Listening(listener, directory, v4, v6));
        }
    }

    public Policy policy() {
        return policy;
    }

    public Limits limits() {
        return limits;
    }

    private static Hindrance hindrance(Limit limit, Verdict then) {
        return new Hindrance(Hindrance.Kind.LIMIT, limit.policy().name(), then);
    }

    /**
     * What hinders a call that is over a limit.
     *
     * @param whole false for a malformed call: to that nothing is said, whatever the limit has for others
     */
    Hindrance overLimit(Limit limit, boolean whole) {
        return (whole ? overLimit : overLimitAndMalformed).get(limit.index());
    }

    public boolean isAudit() {
        return policy.mode() == Mode.AUDIT;
    }

    /** The directory of a backend that an earlier policy had under the same name and with the same settings, or null. */
    public @Nullable Directory directoryOf(BackendPolicy backend) {
        BackendPolicy ours = policy.backends().get(backend.name());
        return ours != null && ours.sameSettings(backend) ? directories.get(backend.name()) : null;
    }

    /** What is known of a backend's registry here, where its portmappers are the same. */
    public RegistryStore.@Nullable Kept knownOf(BackendPolicy backend) {
        BackendPolicy ours = policy.backends().get(backend.name());
        Directory directory = directories.get(backend.name());
        return ours == null || directory == null || !ours.endpoints().equals(backend.endpoints())
                ? null
                : directory.known();
    }

    /** By the name of the backend. */
    public Map<String, Directory> directories() {
        return directories;
    }

    /**
     * This, while sockets may still go by names of the policy before: what comes by a listener that has another name now
     * must not get lost.
     */
    public Serving after(Serving before) {
        Serving both = new Serving(policy, directories, limits);
        before.listeners.forEach(both.listeners::putIfAbsent);
        return both;
    }

    /** Null once a reload has taken the listener away. */
    @Nullable
    Listening listener(String name) {
        return listeners.get(name);
    }

    /** What is said of a listener; null once a reload has taken it away. */
    public @Nullable ListenerPolicy listenerPolicy(String name) {
        Listening listening = listener(name);
        return listening == null ? null : listening.policy();
    }
}

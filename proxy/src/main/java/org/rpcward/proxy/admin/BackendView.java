package org.rpcward.proxy.admin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What stands behind rpcward.
 *
 * @param answers {@code mirror}, {@code forward}, or {@code table} for a registry that the policy writes out
 * @param answering whether it answered when it was asked last
 * @param usable whether questions can be answered, from its last words if need be
 * @param registrations how many are known, without those of the portmapper itself; null for nothing known
 * @param ageSeconds how long ago they were read; null for nothing read
 */
public record BackendView(
        String name,
        String answers,
        boolean answering,
        boolean usable,
        @Nullable Integer registrations,
        @Nullable Double ageSeconds,
        List<EndpointView> endpoints) {

    /**
     * One portmapper.
     *
     * @param state {@code up}, {@code down}, or {@code unknown} until it was asked first
     * @param drained whether it is not asked because somebody said so
     * @param flaps how often it went down
     * @param lastChange when the state changed last, as text; null when it did not
     * @param reason why it is down
     */
    public record EndpointView(
            String address,
            String state,
            boolean drained,
            long flaps,
            @Nullable String lastChange,
            @Nullable String reason) {}
}

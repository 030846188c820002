package org.rpcward.proxy.admin;

import org.jspecify.annotations.Nullable;

/**
 * A rule, and how often it decided.
 *
 * @param place {@code file:line:column}; null for built-in rules and the default
 * @param mode {@code audit} when the rule or the whole policy is on trial
 * @param hits calls that it decided, or would have; null when there are too many rules to count each
 * @param hitsPerSecond over the last seconds
 * @param lastHit the second in which it decided last, as text; null when it did not since the start
 */
public record RuleView(
        String name,
        @Nullable String place,
        String then,
        String mode,
        boolean builtin,
        @Nullable Long hits,
        double hitsPerSecond,
        @Nullable String lastHit) {}

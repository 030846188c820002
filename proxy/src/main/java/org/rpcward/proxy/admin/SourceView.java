package org.rpcward.proxy.admin;

/**
 * A source of calls.
 *
 * @param callsPerSecond over the last seconds
 * @param deniedPerSecond those of them that were not allowed
 * @param calls since the start; too high by {@code error} at most
 */
public record SourceView(String source, double callsPerSecond, double deniedPerSecond, long calls, long error) {}

package org.rpcward.proxy.admin;

/**
 * A program that is asked for.
 *
 * @param name in the table of programs; empty when it has none
 * @param callsPerSecond over the last seconds
 * @param deniedPerSecond those of them that were not allowed
 * @param calls since the start; too high by {@code error} at most
 */
public record ProgramView(
        String name, long number, double callsPerSecond, double deniedPerSecond, long calls, long error) {}

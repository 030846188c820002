package org.rpcward.proxy.backend;

/**
 * Where a registry was read.
 *
 * @param endpoint address and port of the portmapper
 * @param protocol the version of the protocol in which it answered
 */
public record Reading(String endpoint, int protocol) {}

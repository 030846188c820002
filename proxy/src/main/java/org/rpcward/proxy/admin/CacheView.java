package org.rpcward.proxy.admin;

/**
 * Answers that are kept.
 *
 * @param name what is kept
 * @param hits how often it was found
 * @param misses how often it had to be made
 * @param evictions how often something was thrown away for want of room, or because it was old
 */
public record CacheView(String name, long hits, long misses, long evictions) {}

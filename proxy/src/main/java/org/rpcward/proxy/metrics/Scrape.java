package org.rpcward.proxy.metrics;

/**
 * What a scraper gets.
 *
 * @param contentType with the version of the format, and the character set, which is always UTF-8
 */
public record Scrape(String contentType, String text) {}

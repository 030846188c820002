package org.rpcward.proxy.metrics;

/**
 * What a scraper gets.
 *
 * @param contentType with the version of the format, and the character set
 * @param body the text, encoded
 */
@SuppressWarnings("ArrayRecordComponent") // handed on at once, and never compared
public record Scrape(String contentType, byte[] body) {}

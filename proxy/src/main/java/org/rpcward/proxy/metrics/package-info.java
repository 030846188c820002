/**
 * What can be measured, as Prometheus reads it.
 *
 * <pre>
 *   Counters, Sources -> CallFamilies, BanFamilies ... -> Families -> Exposition --+
 *                                                                                  +-> Metrics.scrape -> text
 *   JVM, Netty, process -> Micrometer's binders ------------------------------------+
 * </pre>
 *
 * Nothing is done between scrapes: a scrape reads what was counted elsewhere.
 */
@NullMarked
package org.rpcward.proxy.metrics;

import org.jspecify.annotations.NullMarked;

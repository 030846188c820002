/**
 * Token buckets: how much each source, prefix, listener or rule may ask, in calls or in bytes of reply.
 *
 * <pre>
 *   Rule -> LimitSet -> Limit -> Ledger: one for UDP, one for TCP
 *                                   |
 *       per source     SourceLedger +- BucketTable: sources that were seen before, a bucket each
 *                                   |   ^ takes its tokens from
 *                                   |  SharedBuckets: newcomers, a bucket for each prefix
 *       per prefix     PrefixLedger +- BucketTable, and SharedBuckets for those that find no place
 *       per listener,
 *       per rule       NamedLedger  +- a bucket for each name
 * </pre>
 *
 * Every table has a fixed size. The arithmetic of tokens is Bucket4j's; where buckets are held, and who gets one, is decided
 * here.
 */
@NullMarked
package org.rpcward.proxy.limit;

import org.jspecify.annotations.NullMarked;

/**
 * Who is kept out altogether, and until when.
 *
 * <pre>
 *   evidence over TCP -> Bans.offended ─┐  InForce
 *     (Offenders: how long,             │
 *      Pardons: not at all)             │
 *   administrator     -> Bans.ban      ─┼-> BanTable  <- every call and connection: covers(source)?
 *   state directory   -> Bans.restore  ─┘   ExpiryWheel -> unban
 * </pre>
 */
@NullMarked
package org.rpcward.proxy.ban;

import org.jspecify.annotations.NullMarked;

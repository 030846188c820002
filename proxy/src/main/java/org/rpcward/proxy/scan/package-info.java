/**
 * Who goes through the programs to see what there is.
 *
 * <pre>
 *   a call, decided  -> Scans.judge(trait) -> points -> CLEAR | HINDERED | OFFENDING
 *   an answer, empty -> Scans.judge(MISSED) ─┘
 * </pre>
 *
 * Points over UDP and over TCP stand in tables of their own: what a datagram says of its sender can be forged, and never
 * counts against what he does over TCP.
 */
@NullMarked
package org.rpcward.proxy.scan;

import org.jspecify.annotations.NullMarked;

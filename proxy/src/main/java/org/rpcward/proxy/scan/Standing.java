package org.rpcward.proxy.scan;

/** How a source stands after a call of its. */
public enum Standing {
    /** The call may go on: its source is no scanner, or it is the one call in a while that a scanner has. */
    CLEAR,
    /** The source is throttled, and this call is one too many. */
    HINDERED,
    /** The source did over TCP what brings a ban. */
    OFFENDING
}

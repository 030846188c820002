package org.rpcward.proxy.admin;

import org.jspecify.annotations.Nullable;

/**
 * The last message of a kind that was no whole call.
 *
 * @param fault what is wrong with it, as in the log
 * @param bytes how long it was; 0 when the transport saw that already, and kept nothing of it
 * @param offset how far it could be read, in bytes; null when it was not read
 * @param hex its beginning, two digits a byte
 */
public record FaultView(
        String fault,
        String time,
        String source,
        String transport,
        String listener,
        int bytes,
        @Nullable Integer offset,
        String hex) {}

package org.rpcward.policy;

import org.jspecify.annotations.Nullable;

/**
 * Where rpcward tells of itself and takes orders.
 *
 * @param http the address for metrics, health and read-only state over HTTP; null for none
 * @param socket the path of the control socket, which is absolute; or {@link #SOCKET_OFF} or {@link #SOCKET_BY_DEFAULT}
 */
public record AdminPolicy(BackendPolicy.@Nullable Endpoint http, String socket) {
    /** The longest path of a control socket, in bytes: what the kernel has room for. */
    public static final int LONGEST_SOCKET = 107;

    /** There is no control socket. */
    public static final String SOCKET_OFF = "off";

    /** The control socket is where the service manager has a place for it; without one there is none. */
    public static final String SOCKET_BY_DEFAULT = "";

    public static final AdminPolicy DEFAULT = new AdminPolicy(null, SOCKET_BY_DEFAULT);
}

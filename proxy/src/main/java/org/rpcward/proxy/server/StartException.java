package org.rpcward.proxy.server;

/** rpcward cannot serve here. The message is for whoever starts it: what is wrong, and what can be done. */
public final class StartException extends Exception {
    private static final long serialVersionUID = 1L;

    public StartException(String message) {
        super(message);
    }
}

package org.rpcward.proxy.ban;

/** A ban that cannot be. The message says why, in one line, to whoever asked for it. */
public final class BanRefusedException extends Exception {
    private static final long serialVersionUID = 1;

    BanRefusedException(String message) {
        super(message);
    }
}

package org.rpcward.proxy.rpc;

/** Numbers of RFC 5531. */
public final class Rpc {
    /** {@code rpcvers} (section 9). */
    public static final int RPC_VERSION = 2;

    /** {@code msg_type} (section 9). */
    public static final int CALL = 0;

    public static final int REPLY = 1;

    /** {@code reply_stat} (section 9). */
    public static final int MSG_ACCEPTED = 0;

    public static final int MSG_DENIED = 1;

    /** {@code accept_stat} (section 9). */
    public static final int SUCCESS = 0;

    public static final int PROG_UNAVAIL = 1;
    public static final int PROG_MISMATCH = 2;
    public static final int PROC_UNAVAIL = 3;
    public static final int GARBAGE_ARGS = 4;
    public static final int SYSTEM_ERR = 5;

    /** {@code reject_stat} (section 9). */
    public static final int AUTH_ERROR = 1;

    /** {@code auth_stat} (section 9). */
    public static final int AUTH_BADCRED = 1;

    public static final int AUTH_REJECTEDCRED = 2;
    public static final int AUTH_BADVERF = 3;
    public static final int AUTH_TOOWEAK = 5;
    public static final int AUTH_FAILED = 7;

    /** {@code auth_flavor} (section 8.2 and its registry). */
    public static final int AUTH_NONE = 0;

    public static final int AUTH_SYS = 1;
    public static final int AUTH_DES = 3;
    public static final int RPCSEC_GSS = 6;

    /** The longest body of a credential or verifier, in bytes (section 8.2). */
    public static final int MAX_AUTH_BYTES = 400;

    /** The longest machine name and the most groups of an AUTH_SYS credential (appendix A). */
    public static final int MAX_MACHINE_NAME = 255;

    public static final int MAX_GROUPS = 16;

    /** The bit of a record mark that says "last fragment" (section 11); the others are the length. */
    public static final int LAST_FRAGMENT = 0x8000_0000;

    /** Bytes of a record mark. */
    public static final int MARK_BYTES = 4;

    private Rpc() {}
}

package org.rpcward.proxy.cli;

/** How rpcward ends. Scripts and units count on these numbers. */
final class ExitCode {
    static final int DONE = 0;

    /** It failed at run time: an address cannot be bound, for instance. */
    static final int FAILED = 1;

    /** The command line is wrong. */
    static final int USAGE = 2;

    /** The policy is wrong, or cannot be read. */
    static final int POLICY_INVALID = 3;

    /** Nobody answers at the control socket. */
    static final int UNREACHABLE = 6;

    private ExitCode() {}
}

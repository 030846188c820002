package org.rpcward.proxy.transport;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import org.jspecify.annotations.Nullable;

/*
 * Netty has both calls too, but takes and gives an object for each datagram, field by field, and makes addresses of what it
 * received. What is called here reads and writes memory that stays where it is.
 */
/** The system calls that receive and send many datagrams at once: recvmmsg(2), sendmmsg(2). */
final class SystemCalls {
    /** {@code MSG_DONTWAIT} */
    static final int AT_ONCE = 0x40;

    /** {@code EINTR}: nothing was done yet. */
    static final int INTERRUPTED = 4;

    /** {@code EAGAIN}: nothing is there, or there is no room. */
    static final int NOT_NOW = 11;

    /** {@code EMSGSIZE}: it does not fit in one packet. */
    static final int TOO_LONG = 90;

    private static final @Nullable String WHY_NOT = register();

    private SystemCalls() {}

    private static @Nullable String register() {
        try {
            // Where libraries are is nothing that anybody wants to know here, and JNA runs ldconfig to find out.
            System.setProperty("jna.platform.library.path", System.getProperty("jna.platform.library.path", ""));
            Native.register(SystemCalls.class, NativeLibrary.getProcess());
        } catch (LinkageError | RuntimeException absent) {
            return String.valueOf(absent.getMessage());
        }
        // What Messages lays out has pointers of 64 bits.
        return Native.POINTER_SIZE == Long.BYTES ? null : "not a 64-bit system";
    }

    /** Why they cannot be called here, or null. */
    static @Nullable String whyNot() {
        return WHY_NOT;
    }

    /** How many messages were received; -1 for an error. */
    static native int recvmmsg(int descriptor, long messages, int count, int flags, long timeout);

    /** How many messages were sent; -1 for an error with the first of them. */
    static native int sendmmsg(int descriptor, long messages, int count, int flags);

    /** The number of the error of this thread's last call. */
    static int error() {
        return Native.getLastError();
    }
}

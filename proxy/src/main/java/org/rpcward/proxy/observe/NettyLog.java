package org.rpcward.proxy.observe;

import io.netty.util.internal.logging.AbstractInternalLogger;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import org.jspecify.annotations.Nullable;

/*
 * Netty logs on its event loops, by default through java.util.logging. That writes to standard error, which may block;
 * and on first use it loads classes and time zones, which fails when descriptors have run out, and then ends the event
 * loop. Here a warning becomes a line in our own log, in bounded number, and everything below a warning is dropped.
 */
/** Brings Netty's warnings into our log. */
public final class NettyLog extends InternalLoggerFactory {
    private final CallLog log;

    private NettyLog(CallLog log) {
        this.log = log;
    }

    /** To be called before anything else of Netty is used: a class keeps the logger that it was given first. */
    public static void takeOver(CallLog log) {
        InternalLoggerFactory.setDefaultFactory(new NettyLog(log));
    }

    @Override
    protected InternalLogger newInstance(String name) {
        return new Logger(name, log);
    }

    private static final class Logger extends AbstractInternalLogger {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings("serial") // loggers are never written out
        private final transient CallLog log;

        Logger(String name, CallLog log) {
            super(name);
            this.log = log;
        }

        private void tell(@Nullable String message, @Nullable Throwable cause) {
            log.trouble(name(), cause == null ? String.valueOf(message) : message + ": " + cause);
        }

        private static String filled(@Nullable String format, @Nullable Object... arguments) {
            StringBuilder text = new StringBuilder(String.valueOf(format));
            for (Object argument : arguments) {
                int at = text.indexOf("{}");
                if (at >= 0) {
                    text.replace(at, at + 2, String.valueOf(argument));
                } else {
                    text.append(' ').append(argument);
                }
            }
            return text.toString();
        }

        @Override
        public boolean isTraceEnabled() {
            return false;
        }

        @Override
        public void trace(@Nullable String message) {}

        @Override
        public void trace(@Nullable String format, @Nullable Object argument) {}

        @Override
        public void trace(@Nullable String format, @Nullable Object a, @Nullable Object b) {}

        @Override
        public void trace(@Nullable String format, @Nullable Object... arguments) {}

        @Override
        public void trace(@Nullable String message, @Nullable Throwable cause) {}

        @Override
        public boolean isDebugEnabled() {
            return false;
        }

        @Override
        public void debug(@Nullable String message) {}

        @Override
        public void debug(@Nullable String format, @Nullable Object argument) {}

        @Override
        public void debug(@Nullable String format, @Nullable Object a, @Nullable Object b) {}

        @Override
        public void debug(@Nullable String format, @Nullable Object... arguments) {}

        @Override
        public void debug(@Nullable String message, @Nullable Throwable cause) {}

        @Override
        public boolean isInfoEnabled() {
            return false;
        }

        @Override
        public void info(@Nullable String message) {}

        @Override
        public void info(@Nullable String format, @Nullable Object argument) {}

        @Override
        public void info(@Nullable String format, @Nullable Object a, @Nullable Object b) {}

        @Override
        public void info(@Nullable String format, @Nullable Object... arguments) {}

        @Override
        public void info(@Nullable String message, @Nullable Throwable cause) {}

        @Override
        public boolean isWarnEnabled() {
            return true;
        }

        @Override
        public void warn(@Nullable String message) {
            tell(message, null);
        }

        @Override
        public void warn(@Nullable String format, @Nullable Object argument) {
            tell(filled(format, argument), null);
        }

        @Override
        public void warn(@Nullable String format, @Nullable Object... arguments) {
            tell(filled(format, arguments), null);
        }

        @Override
        public void warn(@Nullable String format, @Nullable Object a, @Nullable Object b) {
            tell(filled(format, a, b), null);
        }

        @Override
        public void warn(@Nullable String message, @Nullable Throwable cause) {
            tell(message, cause);
        }

        @Override
        public boolean isErrorEnabled() {
            return true;
        }

        @Override
        public void error(@Nullable String message) {
            tell(message, null);
        }

        @Override
        public void error(@Nullable String format, @Nullable Object argument) {
            tell(filled(format, argument), null);
        }

        @Override
        public void error(@Nullable String format, @Nullable Object a, @Nullable Object b) {
            tell(filled(format, a, b), null);
        }

        @Override
        public void error(@Nullable String format, @Nullable Object... arguments) {
            tell(filled(format, arguments), null);
        }

        @Override
        public void error(@Nullable String message, @Nullable Throwable cause) {
            tell(message, cause);
        }
    }
}

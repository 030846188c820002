package org.rpcward.proxy.cli;

import java.lang.reflect.Proxy;

/**
 * Signals of the operating system. Java has no other way to them than {@code sun.misc.Signal}, which all of its versions
 * keep and the compiler warns of; hence by name.
 */
final class Signals {
    private Signals() {}

    /** Runs something, on a thread of its own, each time that the signal comes. */
    static void on(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object calls = Proxy.newProxyInstance(
                    Signals.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        action.run();
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), calls);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java has no signal " + name, e);
        }
    }

    /** Sends a signal to this very process. */
    static void raise(String name) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            signal.getMethod("raise", signal)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java has no signal " + name, e);
        }
    }
}

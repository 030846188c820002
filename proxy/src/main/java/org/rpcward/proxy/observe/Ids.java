package org.rpcward.proxy.observe;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicInteger;

/** Names for single calls: eight digits that tell the process, and eight that count. Thread-safe. */
final class Ids {
    private final String process = hex(new SecureRandom().nextInt());
    private final AtomicInteger last = new AtomicInteger();

    String next() {
        return process + hex(last.incrementAndGet());
    }

    private static String hex(int bits) {
        return String.format("%08x", bits);
    }
}

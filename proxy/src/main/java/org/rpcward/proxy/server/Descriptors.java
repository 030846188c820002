package org.rpcward.proxy.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How many files and sockets this process may have open. */
final class Descriptors {
    /** What the proxy needs besides connections: its libraries, its own sockets, backends, the log. */
    static final int OWN = 256;

    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final Pattern OPEN_FILES = Pattern.compile("(?m)^Max open files\\s+(\\d{1,9})\\b");

    private Descriptors() {}

    /** The limit in force, or {@link Integer#MAX_VALUE} when there is none or it cannot be told. */
    static int limit() {
        try {
            return limit(Files.readString(LIMITS));
        } catch (IOException e) {
            return Integer.MAX_VALUE;
        }
    }

    static int limit(String limits) {
        Matcher line = OPEN_FILES.matcher(limits);
        return line.find() ? Integer.parseInt(line.group(1)) : Integer.MAX_VALUE;
    }

    /** How many connections that limit suffices for. */
    static int connections(int limit) {
        return Math.max(limit / 2, limit == Integer.MAX_VALUE ? limit : limit - OWN);
    }
}

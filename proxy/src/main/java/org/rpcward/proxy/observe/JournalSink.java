package org.rpcward.proxy.observe;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/**
 * The journal's own form: one datagram an event, one field a line, as systemd.journal-fields(7) and the journal's native
 * protocol describe them. Every key of an event is a field whose name begins with {@code RPCWARD_}, so that {@code
 * journalctl RPCWARD_RULE=...} finds it.
 */
final class JournalSink implements EventSink {
    private static final int ERROR = 3;
    private static final int WARNING = 4;
    private static final int NOTICE = 5;
    private static final int INFO = 6;

    private final Journal journal;

    JournalSink(Journal journal) {
        this.journal = journal;
    }

    @Override
    public void write(Map<String, Object> event) throws IOException {
        journal.send(fields(event).getBytes(StandardCharsets.UTF_8));
    }

    /** No value has the end of a line in it: what is no plain text is escaped. */
    static String fields(Map<String, Object> event) {
        StringBuilder fields = new StringBuilder()
                .append("MESSAGE=")
                .append(EventText.wordsWithoutTime(event))
                .append("\nPRIORITY=")
                .append(priority(event))
                .append("\nSYSLOG_IDENTIFIER=rpcward\n");
        event.forEach((key, value) -> append(fields, name(key), value));
        return fields.toString();
    }

    private static void append(StringBuilder fields, String name, Object value) {
        if (value instanceof Map<?, ?> inner) {
            inner.forEach((key, v) -> append(fields, name + "_" + name(String.valueOf(key)), v));
        } else {
            fields.append("RPCWARD_")
                    .append(name)
                    .append('=')
                    .append(EventText.escaped(value))
                    .append('\n');
        }
    }

    private static String name(String key) {
        return key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }

    private static int priority(Map<String, Object> event) {
        return switch (String.valueOf(event.get("event"))) {
            case "failure" -> ERROR;
            case "state", "overload", "enumeration", "ban", "log" -> WARNING;
            case "backend" -> "down".equals(event.get("state")) ? WARNING : NOTICE;
            case "reload" -> "ok".equals(event.get("result")) ? NOTICE : WARNING;
            case "expectation", "registry", "unban", "start", "stop" -> NOTICE;
            default -> INFO;
        };
    }

    @Override
    public void flush() {
        // Each datagram is on its own.
    }

    @Override
    public void close() {
        journal.close();
    }
}

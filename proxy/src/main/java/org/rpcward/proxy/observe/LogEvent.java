package org.rpcward.proxy.observe;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The events of the log, and the keys that each may have besides {@code time} and {@code event}. Readers of the log
 * rely on them: keys may be added, but none changes its meaning or goes away.
 */
enum LogEvent {
    START("result", "revision", "mode"),
    RELOAD("result", "reason", "revision", "mode"),
    /** It has the totals of what was counted, too. */
    STOP,
    CALL(
            "id",
            "listener",
            "source",
            "transport",
            "protocol",
            "procedure",
            "program",
            "version",
            "verdict",
            "rule",
            "reason",
            "mode",
            "revision",
            "suppressed",
            "path",
            "duration_us"),
    SUPPRESSED("source", "rule", "suppressed"),
    LOG("suppressed", "reason"),
    BACKEND("backend", "endpoint", "state", "reason"),
    REGISTRY("backend", "program", "version", "netid", "address", "owner", "change", "was", "suppressed"),
    EXPECTATION("backend", "state", "program", "version", "netid", "port", "found", "served"),
    BAN("source", "prefix", "kind", "reason", "seconds", "until", "offence", "evidence", "suppressed"),
    UNBAN("source", "prefix", "kind", "reason", "hits", "suppressed"),
    ENUMERATION("source", "transport", "reached", "points", "programs", "misses", "fingerprint", "suppressed"),
    OVERLOAD("level", "reason", "value", "shed"),
    KERNEL("reason"),
    CONTROL("action", "target"),
    DESCRIPTORS("limit", "max_connections", "connections", "reason"),
    STATE("reason"),
    FAILURE("listener", "transport", "where", "reason", "stack", "suppressed");

    /** Keys whose values are whole numbers. */
    static final Set<String> NUMBERS = Set.of(
            "protocol",
            "version",
            "suppressed",
            "duration_us",
            "port",
            "found",
            "seconds",
            "offence",
            "hits",
            "points",
            "programs",
            "misses",
            "level",
            "shed",
            "limit",
            "max_connections",
            "connections");

    /** The key whose value is true or false. */
    static final String TRUTH = "served";

    /** The key whose value is an object of a name and a number. */
    static final String PROGRAM = "program";

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<String> keys;

    LogEvent(String... keys) {
        this.keys = List.of(keys);
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    List<String> keys() {
        return keys;
    }

    /** What is wrong with an event; empty when it is one of these and has the keys that it may have. */
    static Optional<String> flawOf(Map<String, Object> event) {
        Optional<LogEvent> known = Stream.of(values())
                .filter(e -> e.word().equals(event.get("event")))
                .findFirst();
        if (known.isEmpty()) {
            return Optional.of("no such event: " + event);
        }
        return event.entrySet().stream()
                .filter(field ->
                        !field.getKey().equals("time") && !field.getKey().equals("event"))
                .filter(field -> !known.get().takes(field.getKey(), field.getValue()))
                .map(field -> known.get().word() + " has no such " + field)
                .findFirst();
    }

    private boolean takes(String key, Object value) {
        if (this == STOP) {
            return value instanceof Number;
        }
        return keys.contains(key)
                && (NUMBERS.contains(key)
                        ? value instanceof Number
                        : key.equals(TRUTH)
                                ? value instanceof Boolean
                                : key.equals(PROGRAM) ? value instanceof Map : value instanceof String);
    }
}

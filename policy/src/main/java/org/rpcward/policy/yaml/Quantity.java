package org.rpcward.policy.yaml;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LimitPolicy;

/** Numbers with their units, as policies write them. */
public final class Quantity {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})([A-Za-z]*)");
    private static final Pattern LOOSE = Pattern.compile("([0-9]{1,9})(?:\\.[0-9]+)?\\s*([A-Za-z]*)");
    private static final Pattern FACTOR = Pattern.compile("([0-9]{1,6})(?:\\.([0-9]{1,3}))?");

    private record Unit(String name, long factor) {}

    private static final List<Unit> TIMES = List.of(
            new Unit("d", 86_400_000),
            new Unit("h", 3_600_000),
            new Unit("m", 60_000),
            new Unit("s", 1000),
            new Unit("ms", 1));
    private static final List<Unit> SIZES =
            List.of(new Unit("MiB", 1 << 20), new Unit("KiB", 1 << 10), new Unit("B", 1));

    /** What people write instead. */
    private static final Map<String, String> MEANT = Map.ofEntries(
            Map.entry("sec", "s"),
            Map.entry("secs", "s"),
            Map.entry("second", "s"),
            Map.entry("seconds", "s"),
            Map.entry("min", "m"),
            Map.entry("mins", "m"),
            Map.entry("minute", "m"),
            Map.entry("minutes", "m"),
            Map.entry("hour", "h"),
            Map.entry("hours", "h"),
            Map.entry("hr", "h"),
            Map.entry("day", "d"),
            Map.entry("days", "d"),
            Map.entry("msec", "ms"),
            Map.entry("millis", "ms"),
            Map.entry("k", "KiB"),
            Map.entry("kb", "KiB"),
            Map.entry("kib", "KiB"),
            Map.entry("m", "MiB"),
            Map.entry("mb", "MiB"),
            Map.entry("mib", "MiB"),
            Map.entry("b", "B"),
            Map.entry("byte", "B"),
            Map.entry("bytes", "B"));

    private static final Pattern LOOSE_RATE =
            Pattern.compile("([0-9]{1,9})\\s*([A-Za-z]*)\\s*(?:/|per|p)\\s*([A-Za-z]+)", Pattern.CASE_INSENSITIVE);
    private static final Map<String, Duration> PERIODS =
            Map.of("s", Duration.ofSeconds(1), "min", Duration.ofMinutes(1), "h", Duration.ofHours(1));
    private static final Map<String, String> MEANT_PERIODS = Map.ofEntries(
            Map.entry("s", "s"),
            Map.entry("sec", "s"),
            Map.entry("second", "s"),
            Map.entry("m", "min"),
            Map.entry("min", "min"),
            Map.entry("minute", "min"),
            Map.entry("h", "h"),
            Map.entry("hr", "h"),
            Map.entry("hour", "h"));

    private Quantity() {}

    /** Milliseconds, or -1 if the text is not a time with a unit. */
    public static long parseDuration(String text) {
        return parse(text, TIMES);
    }

    /** Bytes, or -1 if the text is not a size with a unit. */
    static long parseSize(String text) {
        return parse(text, SIZES);
    }

    /**
     * So many in a period.
     *
     * @param bytes whether they are bytes, written as a size
     */
    record Rate(long tokens, Duration period, boolean bytes) {}

    /** Reads {@code 50/s}, {@code 10/min}, {@code 20KiB/s}; null for everything else. */
    static @Nullable Rate parseRate(String text) {
        int slash = text.indexOf('/');
        Duration period = slash < 0 ? null : PERIODS.get(text.substring(slash + 1));
        if (period == null) {
            return null;
        }
        String amount = text.substring(0, slash);
        long count = parseCount(amount);
        long tokens = count >= 0 ? count : parseSize(amount);
        return tokens < 0 ? null : new Rate(tokens, period, count < 0);
    }

    /** What a text that is no rate was probably meant to be, or null. */
    static @Nullable String meantRate(String text) {
        Matcher m = LOOSE_RATE.matcher(text.strip());
        if (!m.matches()) {
            return null;
        }
        String period = MEANT_PERIODS.get(m.group(3).toLowerCase(Locale.ROOT));
        String amount = m.group(2).isEmpty() ? m.group(1) : meantSize(m.group(1) + m.group(2));
        return period == null || amount == null ? null : amount + "/" + period;
    }

    /** Thousandths, or -1. */
    static long parseFactor(String text) {
        Matcher m = FACTOR.matcher(text);
        if (!m.matches()) {
            return -1;
        }
        String fraction = m.group(2) == null ? "" : m.group(2);
        return Long.parseLong(m.group(1)) * 1000 + Long.parseLong((fraction + "000").substring(0, 3));
    }

    /** A whole number without sign, leading zero or separator, or -1. */
    static long parseCount(String text) {
        boolean digits = !text.isEmpty() && text.length() <= 12 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        return digits && (text.length() == 1 || text.charAt(0) != '0') ? Long.parseLong(text) : -1;
    }

    private static long parse(String text, List<Unit> units) {
        Matcher m = FORM.matcher(text);
        if (m.matches()) {
            for (Unit unit : units) {
                if (unit.name().equals(m.group(2))) {
                    return Long.parseLong(m.group(1)) * unit.factor();
                }
            }
        }
        return -1;
    }

    /** What a time without a proper unit was probably meant to be, or null. */
    static @Nullable String meantDuration(String text) {
        return meant(text, TIMES, "s");
    }

    /** What a size without a proper unit was probably meant to be, or null. */
    static @Nullable String meantSize(String text) {
        return meant(text, SIZES, "B");
    }

    private static @Nullable String meant(String text, List<Unit> units, String without) {
        Matcher m = LOOSE.matcher(text.strip());
        if (!m.matches() || text.contains(".")) {
            return null;
        }
        String written = m.group(2);
        for (Unit unit : units) {
            if (unit.name().equals(written)) {
                return m.group(1) + written;
            }
        }
        String lower = written.toLowerCase(Locale.ROOT);
        String unit = written.isEmpty() ? without : units == TIMES && lower.length() == 1 ? lower : MEANT.get(lower);
        boolean known = unit != null && units.stream().anyMatch(u -> u.name().equals(unit));
        return known ? m.group(1) + unit : null;
    }

    /** A time as a policy writes it. */
    public static String duration(Duration time) {
        return duration(time.toMillis());
    }

    /** The rate of a limit as a policy writes it. */
    public static String rate(LimitPolicy limit) {
        String period = PERIODS.entrySet().stream()
                .filter(e -> e.getValue().equals(limit.period()))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        return amount(limit, limit.tokens()) + "/" + period;
    }

    /** The burst of a limit as a policy writes it. */
    public static String burst(LimitPolicy limit) {
        return amount(limit, limit.burst());
    }

    private static String amount(LimitPolicy limit, long tokens) {
        return limit.unit() == LimitPolicy.Unit.REPLY_BYTES ? size(tokens) : Long.toString(tokens);
    }

    static String duration(long millis) {
        return write(millis, TIMES);
    }

    static String size(long bytes) {
        return write(bytes, SIZES);
    }

    static String factor(long thousandths) {
        String fraction = Long.toString(1000 + thousandths % 1000).substring(1).replaceAll("0{1,2}$", "");
        return thousandths / 1000 + "." + fraction;
    }

    private static String write(long value, List<Unit> units) {
        for (Unit unit : units) {
            if (value >= unit.factor() && value % unit.factor() == 0) {
                return value / unit.factor() + unit.name();
            }
        }
        return value + units.get(units.size() - 1).name();
    }
}

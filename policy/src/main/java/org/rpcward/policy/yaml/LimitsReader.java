package org.rpcward.policy.yaml;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LimitPolicy;
import org.rpcward.policy.LimitPolicy.Scope;
import org.rpcward.policy.LimitPolicy.Unit;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Rule;
import org.rpcward.policy.Verdict;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads {@code limits:}, and which of them a rule charges. */
final class LimitsReader {
    /** How many limits a policy may have: each has a table of buckets. */
    static final int MOST_LIMITS = 64;

    private static final long MOST_CALLS = 100_000_000;
    private static final long MOST_BYTES = 900L << 20;

    /** A limit with its text. */
    record Written(LimitPolicy limit, Mapping mapping, Mapping.Named named) {}

    private final Problems problems;
    private final Map<String, Written> limits = new LinkedHashMap<>();
    private final Set<String> used = new LinkedHashSet<>();

    LimitsReader(Mapping top) {
        this.problems = top.problems();
        for (Mapping.Named named : top.named("limits", "a limit")) {
            if (limits.size() == MOST_LIMITS) {
                problems.at(named.key(), Code.TOO_MANY, "a policy has " + MOST_LIMITS + " limits at most");
                return;
            }
            limits.putIfAbsent(named.name(), read(named));
        }
    }

    /** By name, in the policy's order. */
    Map<String, LimitPolicy> limits() {
        Map<String, LimitPolicy> all = new LinkedHashMap<>();
        limits.forEach((name, written) -> all.put(name, written.limit()));
        return all;
    }

    /** With their text, in the policy's order. */
    Collection<Written> written() {
        return limits.values();
    }

    /** Limits that no rule names. */
    List<Mapping.Named> unused() {
        return limits.values().stream()
                .map(Written::named)
                .filter(n -> !used.contains(n.name()))
                .toList();
    }

    /** The limits that a rule names, in order, each once. */
    List<LimitPolicy> charged(Mapping rule, Verdict then) {
        List<ScalarNode> items = rule.texts("limit");
        Map<String, LimitPolicy> charged = new LinkedHashMap<>();
        for (ScalarNode item : items) {
            String name = item.getValue();
            used.add(name);
            Written written = limits.get(name);
            if (written == null) {
                String hint = Spelling.didYouMean(name, limits.keySet());
                problems.at(
                        item,
                        Code.UNKNOWN_LIMIT,
                        "unknown limit " + PlainText.quoted(name),
                        hint != null ? hint : "define it under 'limits:'");
            } else if (charged.putIfAbsent(name, written.limit()) != null) {
                problems.at(item, Code.DUPLICATE_VALUE, "limit " + PlainText.quoted(name) + " stands here twice");
            } else if (charged.size() > Rule.MAX_LIMITS) {
                problems.at(item, Code.TOO_MANY, "a rule has " + Rule.MAX_LIMITS + " limits at most");
                break;
            }
        }
        if (!items.isEmpty() && then == Verdict.DROP) {
            problems.at(
                    items.get(0),
                    Code.MISPLACED_LIMIT,
                    "a rule that drops answers nothing, so there is nothing to limit",
                    "delete 'limit'");
        }
        return List.copyOf(charged.values());
    }

    private Written read(Mapping.Named named) {
        Mapping mapping = new Mapping(named.value(), Keys.LIMIT, "limit '" + named.name() + "'", named.key(), problems);
        Quantity.Rate rate = rate(mapping);
        boolean bytes = mapping.word("in").equals("reply-bytes") || (rate != null && rate.bytes());
        long tokens = rate == null ? 1 : rate.tokens();
        Mapping prefix = mapping.map("prefix", Keys.PREFIX);
        LimitPolicy limit = new LimitPolicy(
                named.name(),
                problems.source().placeOf(named.key()),
                tokens,
                rate == null ? Duration.ofSeconds(1) : rate.period(),
                burst(mapping, bytes, tokens),
                Scope.valueOf(mapping.word("per").toUpperCase(Locale.ROOT)),
                bytes ? Unit.REPLY_BYTES : Unit.CALLS,
                Verdict.ofWord(mapping.word("over")).orElse(Verdict.DROP),
                Mode.valueOf(mapping.word("mode").toUpperCase(Locale.ROOT)),
                prefix == null ? LimitPolicy.V4_BITS_DEFAULT : (int) prefix.quantity("v4"),
                prefix == null ? LimitPolicy.V6_BITS_DEFAULT : (int) prefix.quantity("v6"),
                (int) mapping.quantity("rollup"));
        return new Written(limit, mapping, named);
    }

    private Quantity.@Nullable Rate rate(Mapping mapping) {
        ScalarNode node = mapping.text("rate");
        if (node == null) {
            return null;
        }
        Quantity.Rate rate = Quantity.parseRate(node.getValue());
        if (rate == null) {
            String meant = Quantity.meantRate(node.getValue());
            problems.at(
                    node,
                    Code.BAD_UNIT,
                    "'rate' is a whole number or a size in a second, a minute or an hour",
                    meant == null
                            ? "for example rate: 50/s, rate: 10/min or rate: 20KiB/s"
                            : "did you mean '" + meant + "'?");
            return null;
        }
        ScalarNode in = mapping.text("in");
        if (in != null && in.getValue().equals("calls") && rate.bytes()) {
            problems.at(
                    in,
                    Code.BAD_UNIT,
                    "the rate is written in bytes, and calls are none",
                    "did you mean 'reply-bytes'?");
        } else if (in != null && in.getValue().equals("reply-bytes") && !rate.bytes()) {
            problems.at(
                    node,
                    Code.BAD_UNIT,
                    "a rate of bytes has one of the units B, KiB, MiB",
                    "for example rate: 20KiB/s");
        }
        checkBounds(node, "rate", rate.tokens(), rate.bytes());
        return rate;
    }

    private void checkBounds(ScalarNode node, String name, long value, boolean bytes) {
        long most = bytes ? MOST_BYTES : MOST_CALLS;
        if (value < 1 || value > most) {
            String bounds = bytes ? "1B to " + Quantity.size(most) : "1 to " + most;
            problems.at(node, Code.OUT_OF_BOUNDS, "'" + name + "' goes from " + bounds);
        }
    }

    /** What the bucket holds: as written, or one period's worth. */
    private long burst(Mapping mapping, boolean bytes, long byDefault) {
        ScalarNode node = mapping.text("burst");
        if (node == null) {
            return byDefault;
        }
        String text = node.getValue();
        long burst = bytes ? Quantity.parseSize(text) : Quantity.parseCount(text);
        if (burst >= 0) {
            checkBounds(node, "burst", burst, bytes);
            return burst;
        }
        if (bytes) {
            String meant = Quantity.meantSize(text);
            problems.at(
                    node,
                    Code.BAD_UNIT,
                    "'burst' of a rate of bytes is a whole number with one of the units B, KiB, MiB",
                    meant == null ? "for example burst: 40KiB" : "did you mean '" + meant + "'?");
        } else {
            problems.at(
                    node,
                    Code.BAD_NUMBER,
                    PlainText.quoted(text) + " is not a whole decimal number",
                    "for example burst: 200");
        }
        return byDefault;
    }
}

package org.rpcward.policy.yaml;

import java.time.Duration;
import org.rpcward.policy.BanPolicy;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.EnumerationPolicy.Reaction;
import org.rpcward.policy.net.AddressSet;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads what becomes of scanners: {@code enumeration:} and {@code bans:}. */
final class ScansReader {
    private static final String OFF = "off";
    private static final String NEVER = "never";

    private final Mapping top;
    private final GroupsReader groups;
    private final Problems problems;

    ScansReader(Mapping top, GroupsReader groups) {
        this.top = top;
        this.groups = groups;
        this.problems = top.problems();
    }

    EnumerationPolicy enumeration() {
        EnumerationPolicy byDefault = EnumerationPolicy.DEFAULT;
        if (top.says("enumeration", OFF)) {
            return new EnumerationPolicy(Reaction.OFF, byDefault.throttleAt(), byDefault.banAt(), byDefault.window());
        }
        Node node = top.value("enumeration");
        if (node instanceof ScalarNode word) {
            problems.at(
                    word,
                    Code.BAD_WORD,
                    "'enumeration' is a mapping or off, not " + PlainText.quoted(word.getValue()),
                    "for example enumeration: { throttle_at: 20, ban_at: 60 }");
            return byDefault;
        }
        Mapping mapping = top.map("enumeration", Keys.ENUMERATION);
        if (mapping == null) {
            return byDefault;
        }
        int throttleAt = (int) mapping.quantity("throttle_at");
        return new EnumerationPolicy(
                Reaction.HINDER, throttleAt, banAt(mapping, throttleAt), Duration.ofMillis(mapping.quantity("window")));
    }

    private int banAt(Mapping mapping, int throttleAt) {
        if (mapping.says("ban_at", NEVER)) {
            return EnumerationPolicy.NEVER;
        }
        int banAt = (int) mapping.quantity("ban_at");
        if (banAt < throttleAt) {
            ScalarNode node = mapping.text(mapping.has("ban_at") ? "ban_at" : "throttle_at");
            if (node != null) {
                problems.at(
                        node,
                        Code.OUT_OF_BOUNDS,
                        "'ban_at', " + banAt + ", is below 'throttle_at', which is " + throttleAt,
                        "a scanner is throttled first; for no bans at all, write ban_at: never");
            }
        }
        return banAt;
    }

    BanPolicy bans(EnumerationPolicy enumeration) {
        Mapping mapping = top.map("bans", Keys.BANS);
        if (mapping == null) {
            return BanPolicy.DEFAULT;
        }
        checkEffect(enumeration);
        AddressSet never = mapping.has("never") ? groups.sources(mapping.texts("never")) : AddressSet.NONE;
        long first = mapping.quantity("first");
        long longest = mapping.quantity("longest");
        if (longest < first) {
            ScalarNode node = mapping.text(mapping.has("longest") ? "longest" : "first");
            if (node != null) {
                problems.at(
                        node,
                        Code.OUT_OF_BOUNDS,
                        "'longest', " + Quantity.duration(longest) + ", is shorter than 'first', which is "
                                + Quantity.duration(first));
            }
        }
        return new BanPolicy(
                never, Duration.ofMillis(first), mapping.quantity("factor") / 1000.0, Duration.ofMillis(longest));
    }

    /** Only scans bring bans of themselves; an administrator says how long each of his lasts. */
    private void checkEffect(EnumerationPolicy enumeration) {
        Node key = top.keyNode("bans");
        boolean bans = enumeration.reaction() == Reaction.HINDER && enumeration.banAt() != EnumerationPolicy.NEVER;
        if (key != null && !bans) {
            String why = enumeration.reaction() == Reaction.HINDER
                    ? "'ban_at' is never"
                    : "there is no 'enumeration' that hinders scanners";
            problems.at(key, Code.NO_EFFECT, "nothing bans of itself: " + why);
        }
    }
}

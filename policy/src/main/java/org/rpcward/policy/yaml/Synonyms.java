package org.rpcward.policy.yaml;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Words of firewalls and other proxies, and the words of a policy for the same. */
final class Synonyms {
    private static final Map<String, String> WORDS = Map.ofEntries(
            Map.entry("accept", "allow"),
            Map.entry("permit", "allow"),
            Map.entry("pass", "allow"),
            Map.entry("deny", "drop"),
            Map.entry("block", "drop"),
            Map.entry("ignore", "drop"),
            Map.entry("discard", "drop"),
            Map.entry("reject", "refuse"),
            Map.entry("empty", "hide"),
            Map.entry("observe", "audit"),
            Map.entry("dry-run", "audit"),
            Map.entry("permissive", "audit"),
            Map.entry("enforcing", "enforce"),
            Map.entry("on", "enforce"),
            Map.entry("off", "audit"),
            Map.entry("cache", "mirror"),
            Map.entry("cached", "mirror"),
            Map.entry("proxy", "forward"),
            Map.entry("query", "lookup"),
            Map.entry("resolve", "lookup"),
            Map.entry("all", "any"),
            Map.entry("everyone", "any"),
            Map.entry("*", "any"),
            Map.entry("plain", "text"),
            Map.entry("client", "source"),
            Map.entry("address", "source"),
            Map.entry("ip", "source"),
            Map.entry("host", "source"),
            Map.entry("network", "prefix"),
            Map.entry("subnet", "prefix"),
            Map.entry("bytes", "reply-bytes"));

    private Synonyms() {}

    static @Nullable String of(String word) {
        return WORDS.get(word.toLowerCase(Locale.ROOT));
    }
}

package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A place in a policy at which certain keys may stand.
 *
 * @param name for messages: {@code a listener}, {@code a rule}
 * @param keys in the order in which they are documented
 */
public record Section(String name, List<Key> keys) {
    public Section {
        keys = List.copyOf(keys);
    }

    static Section of(String name, Key... keys) {
        return new Section(name, List.of(keys));
    }

    /** The same keys and some more. */
    Section with(String newName, Key... more) {
        List<Key> all = new ArrayList<>(keys);
        all.addAll(List.of(more));
        return new Section(newName, all);
    }

    @Nullable
    Key find(String key) {
        for (Key k : keys) {
            if (k.name().equals(key)) {
                return k;
            }
        }
        return null;
    }

    Key get(String key) {
        Key found = find(key);
        if (found == null) {
            throw new IllegalArgumentException("no such key, section=" + name + " key=" + key);
        }
        return found;
    }

    /** The key that was probably meant by one that does not exist here, or null. */
    @Nullable
    String suggest(String key) {
        for (Key k : keys) {
            if (k.synonyms().contains(key.toLowerCase(Locale.ROOT))) {
                return k.name();
            }
        }
        return Spelling.nearest(key, names());
    }

    /** The keys that exist here, as a hint. */
    String known() {
        return "known here: " + String.join(", ", names());
    }

    private List<String> names() {
        List<String> names = new ArrayList<>();
        for (Key k : keys) {
            names.add(k.name());
        }
        return names;
    }
}

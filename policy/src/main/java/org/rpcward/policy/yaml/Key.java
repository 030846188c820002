package org.rpcward.policy.yaml;

import java.util.List;

/**
 * A key that a policy may have: what is read, what is checked and what is documented follow from it.
 *
 * @param byDefault the value when the key is absent, as a policy would write it, or words for what happens then
 * @param example a value as a policy would write it
 * @param about what it does, in one line
 * @param least the least value: a number, milliseconds, bytes or thousandths, as the kind wants; without meaning for others
 * @param most the greatest value, in the same unit
 * @param words the words that {@link Kind#WORD} and {@link Kind#WORDS} know; for {@link Kind#MAP} and {@link Kind#COUNT},
 *     those that may stand in the place of a mapping or a number
 * @param synonyms words of other products for the same thing, for "did you mean"
 */
public record Key(
        String name,
        Kind kind,
        boolean required,
        String byDefault,
        String example,
        String about,
        long least,
        long most,
        List<String> words,
        List<String> synonyms) {
    /** What the value of a key looks like. */
    public enum Kind {
        MAP("a mapping"),
        LIST("a list"),
        TEXTS("a value or a list of values"),
        TEXT("a single value"),
        WORD("a word"),
        WORDS("a word or a list of words"),
        COUNT("a number"),
        SIZE("a size"),
        DURATION("a time"),
        FACTOR("a factor"),
        RATE("a rate"),
        AMOUNT("a number, or a size");

        private final String noun;

        Kind(String noun) {
            this.noun = noun;
        }

        /** The kind with its article: {@code a number}. */
        public String noun() {
            return noun;
        }
    }

    public Key {
        words = List.copyOf(words);
        synonyms = List.copyOf(synonyms);
    }

    static Key may(String name, Kind kind, String byDefault, String example, String about) {
        return new Key(name, kind, false, byDefault, example, about, 0, Long.MAX_VALUE, List.of(), List.of());
    }

    /** A key that must be there. */
    static Key must(String name, Kind kind, String example, String about) {
        return new Key(name, kind, true, "", example, about, 0, Long.MAX_VALUE, List.of(), List.of());
    }

    Key from(long newLeast, long newMost) {
        return new Key(name, kind, required, byDefault, example, about, newLeast, newMost, words, synonyms);
    }

    Key words(String... newWords) {
        return new Key(name, kind, required, byDefault, example, about, least, most, List.of(newWords), synonyms);
    }

    Key alsoCalled(String... newSynonyms) {
        return new Key(name, kind, required, byDefault, example, about, least, most, words, List.of(newSynonyms));
    }

    /** A bound of this key as a policy would write it. */
    String write(long bound) {
        return switch (kind) {
            case DURATION -> Quantity.duration(bound);
            case SIZE -> Quantity.size(bound);
            case FACTOR -> Quantity.factor(bound);
            default -> Long.toString(bound);
        };
    }
}

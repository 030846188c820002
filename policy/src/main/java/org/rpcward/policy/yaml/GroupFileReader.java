package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.rpcward.policy.Place;
import org.rpcward.policy.net.AddressPrefix;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads the files that groups name: one prefix a line, empty lines, comments from {@code #} to the end of a line. */
final class GroupFileReader {
    /** How many prefixes a policy may have in all its groups and their files. */
    static final int MOST_PREFIXES = 100_000;

    private static final int LONGEST_PATH = 1024;

    private final GroupFiles files;
    private final Problems problems;
    private final Map<String, List<AddressPrefix>> read = new HashMap<>();
    private final Map<String, byte[]> contents = new TreeMap<>();

    GroupFileReader(GroupFiles files, Problems problems) {
        this.files = files;
        this.problems = problems;
    }

    /** The prefixes of a file, read once however many groups name it. */
    List<AddressPrefix> read(ScalarNode node, int room) {
        String path = node.getValue();
        List<AddressPrefix> known = read.get(path);
        if (known != null) {
            return known;
        }
        List<AddressPrefix> prefixes = List.of();
        if (path.isEmpty() || path.length() > LONGEST_PATH || !path.codePoints().allMatch(PlainText::isPlain)) {
            problems.at(node, Code.GROUP_FILE, PlainText.quoted(path) + " is not the path of a file", null);
        } else {
            GroupFiles.Content content = files.read(path);
            byte[] bytes = content.bytes();
            if (bytes == null) {
                String reason = PlainText.escaped(content.failure(), 200);
                problems.at(node, Code.GROUP_FILE, "cannot read " + PlainText.quoted(path) + ": " + reason, null);
            } else {
                contents.put(path, bytes);
                prefixes = parse(node, path, bytes, room);
            }
        }
        read.put(path, prefixes);
        return prefixes;
    }

    /** Hands out path and content of every file that was read, by path. */
    void forEachContent(BiConsumer<String, byte[]> consumer) {
        contents.forEach(consumer);
    }

    private List<AddressPrefix> parse(ScalarNode node, String path, byte[] bytes, int room) {
        PolicyText.Decoded decoded = PolicyText.decode(bytes, PolicyLoader.LONGEST_GROUP_FILE);
        if (decoded.failed()) {
            problems.at(node, Code.GROUP_FILE, "cannot use " + PlainText.quoted(path) + ": " + decoded.failure(), null);
            return List.of();
        }
        Source source = new Source(path, decoded.text());
        List<AddressPrefix> prefixes = new ArrayList<>();
        Set<AddressPrefix> seen = new HashSet<>();
        int number = 0;
        boolean empty = true;
        for (String line : source.lines()) {
            number++;
            int comment = line.indexOf('#');
            String content = comment < 0 ? line : line.substring(0, comment);
            String word = content.strip();
            if (word.isEmpty()) {
                continue;
            }
            empty = false;
            int begin = content.length() - content.stripLeading().length();
            Place place = new Place(path, number, content.codePointCount(0, begin) + 1);
            Optional<AddressPrefix> prefix = AddressPrefix.parse(word);
            if (prefix.isEmpty()) {
                report(source, place, word);
                continue;
            }
            prefixes.add(prefix.get());
            warn(source, place, word, prefix.get(), seen.add(prefix.get()));
            if (prefixes.size() > room) {
                problems.at(
                        node, Code.TOO_MANY, "the groups have more than " + MOST_PREFIXES + " prefixes in all", null);
                return List.of();
            }
        }
        if (empty) {
            problems.at(node, Code.NO_EFFECT, PlainText.quoted(path) + " has no prefix in it", null);
        }
        return prefixes;
    }

    private void report(Source source, Place place, String word) {
        AddressReader.Mistake mistake = word.matches("\\S+\\s.*")
                ? new AddressReader.Mistake(
                        Code.BAD_ADDRESS,
                        PlainText.quoted(word) + " is not an address or prefix",
                        "one a line; comments begin with '#'")
                : AddressReader.mistakeIn(word, true);
        problems.at(
                source, place, word.codePointCount(0, word.length()), mistake.code(), mistake.text(), mistake.hint());
    }

    private void warn(Source source, Place place, String word, AddressPrefix prefix, boolean first) {
        if (!first) {
            problems.at(
                    source,
                    place,
                    word.length(),
                    Code.DUPLICATE_VALUE,
                    "'" + word + "' stands in this file twice",
                    null);
        }
        AddressPrefix corrected = AddressReader.correctedPrefix(word, prefix);
        if (corrected != null) {
            problems.at(
                    source,
                    place,
                    word.length(),
                    Code.HOST_BITS,
                    "'" + word + "' has bits set beyond its length",
                    "it is read as " + corrected);
        }
    }
}

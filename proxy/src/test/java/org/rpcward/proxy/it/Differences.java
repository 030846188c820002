package org.rpcward.proxy.it;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where rpcward does not say what rpcbind said: {@code golden/differences.txt}, whose head explains its lines and the
 * reasons.
 */
final class Differences {
    /** Bytes from the beginning of a message to its body: the xid, which is the call's. */
    private static final int XID_DIGITS = 8;

    private final Map<String, String> reasons = new LinkedHashMap<>();
    private final Map<String, String> bodies = new TreeMap<>();
    private final Map<String, Difference> byVector = new LinkedHashMap<>();

    /** One line: why, and what rpcward says. */
    record Difference(List<String> reasons, String says) {}

    static Differences load() {
        Differences all = new Differences();
        for (String line : GoldenVectors.lines("differences.txt")) {
            String[] fields = line.split("\\s*\\|\\s*", -1);
            if (fields.length == 2 && fields[0].startsWith("reason ")) {
                all.reasons.put(fields[0].substring("reason ".length()), fields[1]);
            } else if (fields.length == 2 && fields[0].startsWith("body ")) {
                all.bodies.put(fields[0].substring("body ".length()), fields[1]);
            } else if (fields.length == 3) {
                Difference difference = new Difference(List.of(fields[1].split(",\\s*", -1)), fields[2]);
                if (all.byVector.put(fields[0], difference) != null) {
                    throw new IllegalStateException("listed twice: " + fields[0]);
                }
            } else {
                throw new IllegalStateException("no line of the table: " + line);
            }
        }
        return all;
    }

    Map<String, Difference> byVector() {
        return byVector;
    }

    Map<String, String> reasons() {
        return reasons;
    }

    @Nullable
    Difference of(String vector) {
        return byVector.get(vector);
    }

    /** What a line says, with the bodies written out. */
    String expand(String says) {
        StringBuilder text = new StringBuilder();
        for (String word : says.split(" ", -1)) {
            int at = word.indexOf('@');
            String body = at < 0 ? "" : bodies.get(word.substring(at + 1));
            if (body == null) {
                throw new IllegalStateException("no body for " + word);
            }
            text.append(text.isEmpty() ? "" : " ").append(at < 0 ? word : word.substring(0, at) + body);
        }
        return text.toString();
    }

    /** The shorter way to write what was said. */
    String abbreviate(String said) {
        StringBuilder text = new StringBuilder();
        for (String word : said.split(" ", -1)) {
            String shorter = word;
            if (word.length() > XID_DIGITS) {
                for (Map.Entry<String, String> body : bodies.entrySet()) {
                    if (matches(body.getValue(), word.substring(XID_DIGITS))) {
                        shorter = word.substring(0, XID_DIGITS) + "@" + body.getKey();
                    }
                }
            }
            text.append(text.isEmpty() ? "" : " ").append(shorter);
        }
        return text.toString();
    }

    /** Whether two texts are equal; a dot in the first stands for any digit. */
    static boolean matches(String wanted, String said) {
        if (wanted.length() != said.length()) {
            return false;
        }
        for (int i = 0; i < wanted.length(); i++) {
            if (wanted.charAt(i) != '.' && wanted.charAt(i) != said.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}

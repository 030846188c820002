package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads what a rule says about the call itself: {@code call}, {@code protocol}, {@code over}. */
final class CallsReader {
    private final Problems problems;

    CallsReader(Problems problems) {
        this.problems = problems;
    }

    /** The slots that an allow rule may cover at all. */
    static BitSet allowable() {
        return Slot.where((p, protocol, t) -> p.callClass().allowable());
    }

    /**
     * The procedures that a list of classes and procedures names.
     *
     * @param allow whether they are to be allowed, which some never are
     */
    Set<Procedure> procedures(List<ScalarNode> items, boolean allow) {
        Set<Procedure> procedures = EnumSet.noneOf(Procedure.class);
        Set<String> seen = new HashSet<>();
        for (ScalarNode item : items) {
            String word = item.getValue();
            Set<Procedure> named = named(word);
            if (named.isEmpty()) {
                problems.at(item, Code.UNKNOWN_PROCEDURE, "unknown procedure " + PlainText.quoted(word), hintFor(word));
            } else if (!seen.add(word.toLowerCase(Locale.ROOT))) {
                problems.at(item, Code.DUPLICATE_VALUE, PlainText.quoted(word) + " stands here twice");
            } else if (allow
                    && !word.equals(GroupsReader.ANY)
                    && named.stream().anyMatch(p -> !p.callClass().allowable())) {
                problems.at(
                        item,
                        Code.NEVER_ALLOWED,
                        "'" + word + "' cannot be allowed: the backend would take it for a local, trusted call",
                        "did you mean 'then: refuse'?");
            }
            procedures.addAll(named);
        }
        if (allow) {
            procedures.removeIf(p -> !p.callClass().allowable());
        }
        return procedures;
    }

    /** The procedures that one word stands for; a class comes before the procedure of the same name. */
    private static Set<Procedure> named(String word) {
        if (word.equals(GroupsReader.ANY)) {
            return EnumSet.allOf(Procedure.class);
        }
        Set<Procedure> found = EnumSet.noneOf(Procedure.class);
        Optional<CallClass> callClass = CallClass.ofWord(word);
        for (Procedure p : Procedure.values()) {
            if (callClass.isPresent() && p.callClass() == callClass.get()) {
                found.add(p);
            }
        }
        if (callClass.isEmpty()) {
            Procedure.ofWord(word).ifPresent(found::add);
        }
        return found;
    }

    private static String hintFor(String word) {
        List<String> known = new ArrayList<>();
        for (CallClass c : CallClass.values()) {
            known.add(c.word());
        }
        List<String> classes = List.copyOf(known);
        for (Procedure p : Procedure.values()) {
            known.add(p.word());
        }
        known.add(GroupsReader.ANY);
        String hint = Spelling.didYouMean(word, known);
        return hint != null ? hint : "the classes are " + String.join(", ", classes);
    }

    /** The versions of the portmapper protocol in a list, as bits 2 to 4. */
    BitSet protocols(List<ScalarNode> items) {
        BitSet protocols = new BitSet();
        for (ScalarNode item : items) {
            long version = Quantity.parseCount(item.getValue());
            if (item.getValue().equals(GroupsReader.ANY)) {
                protocols.set(Procedure.LOWEST_PROTOCOL, Procedure.HIGHEST_PROTOCOL + 1);
            } else if (version >= Procedure.LOWEST_PROTOCOL && version <= Procedure.HIGHEST_PROTOCOL) {
                noteTwice(item, protocols.get((int) version));
                protocols.set((int) version);
            } else {
                problems.at(
                        item,
                        Code.BAD_WORD,
                        "'protocol' is a version of the portmapper protocol, 2, 3 or 4, not "
                                + PlainText.quoted(item.getValue()),
                        hintForProtocol(item.getValue()));
            }
        }
        return protocols;
    }

    private static @Nullable String hintForProtocol(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.equals("udp") || lower.equals("tcp")) {
            return "did you mean 'over: " + lower + "'?";
        }
        if (text.matches("[2-4]-[2-4]")) {
            return "write a list: [2, 3, 4]";
        }
        return text.matches("v[2-4]") ? "did you mean '" + text.substring(1) + "'?" : null;
    }

    Set<Transport> transports(List<ScalarNode> items) {
        Set<Transport> transports = EnumSet.noneOf(Transport.class);
        for (ScalarNode item : items) {
            String word = item.getValue();
            if (word.equals(GroupsReader.ANY)) {
                transports.addAll(EnumSet.allOf(Transport.class));
                continue;
            }
            boolean known = false;
            for (Transport t : Transport.values()) {
                if (t.word().equals(word)) {
                    known = true;
                    noteTwice(item, !transports.add(t));
                }
            }
            if (!known) {
                String hint = Spelling.didYouMean(word, List.of("udp", "tcp"));
                String text = "'over' is udp or tcp, not " + PlainText.quoted(word);
                problems.at(item, Code.BAD_WORD, text, hint != null ? hint : hintForOver(word));
            }
        }
        return transports;
    }

    private static @Nullable String hintForOver(String word) {
        return word.matches("(udp|tcp)6")
                ? "did you mean '" + word.substring(0, 3) + "'? it covers both families"
                : null;
    }

    private void noteTwice(ScalarNode item, boolean twice) {
        if (twice) {
            problems.at(item, Code.DUPLICATE_VALUE, PlainText.quoted(item.getValue()) + " stands here twice");
        }
    }
}

package org.rpcward.policy.yaml;

import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Warns of what is no mistake in itself, one rule at a time. Only policies without errors come here. */
final class Lints {
    private static final BitSet LISTS_OVER_UDP =
            Slot.where((p, protocol, t) -> p.callClass() == CallClass.LIST && t == Transport.UDP);
    private static final BitSet ANSWERED_OVER_UDP = Slot.where(
            (p, protocol, t) -> p.callClass().allowable() && p.callClass() != CallClass.PING && t == Transport.UDP);
    private static final BitSet SHOWN_BY_VIEWS =
            Slot.where((p, protocol, t) -> p.callClass() == CallClass.LIST || p.callClass() == CallClass.LOOKUP);

    /** The largest range of sources for which a listing over UDP is no worry: a /24, a /56. */
    private static final int FEW_V4_BITS = 8;

    private static final int FEW_V6_BITS = 72;

    private final Problems problems;

    Lints(Problems problems) {
        this.problems = problems;
    }

    void unused(List<Mapping.Named> named, String noun) {
        for (Mapping.Named n : named) {
            problems.at(n.key(), Code.UNUSED, noun + " '" + n.name() + "' is never used");
        }
    }

    /** Looks at every rule by itself, then at their order; gives the names of those that decide nothing. */
    Set<String> rules(Node list, List<RulesReader.Written> written, RuleSet rules, Mode mode) {
        if (written.isEmpty()) {
            problems.at(
                    list,
                    Code.NO_RULES,
                    "there are no rules: every call falls to the default, "
                            + rules.defaultRule().then().word());
        }
        Set<String> idle = new HashSet<>();
        for (RulesReader.Written w : written) {
            Region region = Region.of(w.rule());
            if (region.isEmpty()) {
                neverMatches(w, region);
                idle.add(w.rule().name());
            } else {
                opened(w, region);
                view(w, region);
                overUdp(w, region);
            }
        }
        idle.addAll(new OrderLints(problems, written, rules, mode).check());
        return idle;
    }

    private void neverMatches(RulesReader.Written w, Region region) {
        Mapping rule = w.mapping();
        Mapping not = rule.value("not") instanceof MappingNode ? rule.map("not", Keys.NOT) : null;
        for (String key : List.of("from", "call", "program", "protocol", "over")) {
            Node any = not == null ? null : anyIn(not, key);
            if (any != null) {
                never(w, any, "under 'not', 'any' leaves nothing over");
                return;
            }
        }
        BitSet slots = RuleSet.slotsOf(w.rule());
        if (region.sources().isEmpty()) {
            never(w, value(w, "from"), "no source is left for it");
        } else if (slots.isEmpty()) {
            never(w, value(w, rule.has("call") ? "call" : "not"), "no call is left for it");
        } else if (!slots.intersects(Region.EXISTING)) {
            never(w, value(w, "protocol"), "that version of the protocol has no such procedure");
        } else {
            never(w, value(w, "program"), "none of its calls names such a program");
        }
    }

    private void never(RulesReader.Written w, Node at, String why) {
        problems.at(
                at, Code.NEVER_MATCHES, "rule '" + PlainText.escaped(w.rule().name(), 48) + "' can never match", why);
    }

    private static @Nullable Node anyIn(Mapping not, String key) {
        for (ScalarNode item : not.texts(key)) {
            if (item.getValue().equals(GroupsReader.ANY)) {
                return item;
            }
        }
        return null;
    }

    private static Node value(RulesReader.Written w, String key) {
        return Objects.requireNonNullElse(w.mapping().value(key), w.name());
    }

    private void opened(RulesReader.Written w, Region region) {
        Rule rule = w.rule();
        if (rule.then() != Verdict.ALLOW || rule.isAudit()) {
            return;
        }
        AddressSet all = AddressSet.ALL;
        boolean open =
                region.sources().v4().equals(all.v4()) || region.sources().v6().equals(all.v6());
        if (open) {
            problems.at(
                    value(w, "from"),
                    Code.OPEN_TO_ALL,
                    "rule '" + rule.name() + "' allows the whole world",
                    "name the networks that need it");
        }
        if (region.has(LISTS_OVER_UDP) && isWide(region.sources())) {
            problems.at(
                    value(w, w.mapping().has("over") ? "over" : "call"),
                    Code.LIST_OVER_UDP,
                    "rule '" + rule.name() + "' lists over UDP for many sources, whose addresses anyone can forge",
                    "list over TCP only, in a rule with 'over: tcp'");
        }
    }

    private static boolean isWide(AddressSet sources) {
        for (AddressSet.Range r : sources.v4()) {
            if ((r.last().low() - r.first().low()) >>> FEW_V4_BITS != 0) {
                return true;
            }
        }
        for (AddressSet.Range r : sources.v6()) {
            // The highest 56 bits tell apart what lies farther from each other than a /56 is wide.
            long borrow = Long.compareUnsigned(r.last().low(), r.first().low()) < 0 ? 1 : 0;
            if ((r.last().high() - r.first().high() - borrow) >>> (FEW_V6_BITS - 64) != 0) {
                return true;
            }
        }
        return false;
    }

    private void overUdp(RulesReader.Written w, Region region) {
        Node value = w.mapping().value("over_udp");
        if (value == null || !w.rule().fullOverUdp()) {
            return;
        }
        if (w.rule().then() != Verdict.ALLOW || !region.has(ANSWERED_OVER_UDP)) {
            problems.at(value, Code.NO_EFFECT, "this rule answers nothing over UDP");
        } else if (region.has(LISTS_OVER_UDP)) {
            problems.at(
                    value,
                    Code.AMPLIFICATION,
                    "whoever forges the address of one of its sources sends it 17 times the bytes of a listing's call,"
                            + " 85 times when 50 programs are registered",
                    "list over TCP only, with 'over: tcp'");
        } else {
            problems.at(
                    value,
                    Code.AMPLIFICATION,
                    "an answer over UDP may be larger than its call, up to 2.2 times for GETADDRLIST",
                    "leave it out: lookups fit into their calls");
        }
    }

    private void view(RulesReader.Written w, Region region) {
        Node view = w.mapping().value("view");
        if (view != null && !region.has(SHOWN_BY_VIEWS)) {
            problems.at(view, Code.NO_EFFECT, "a view changes listings and lookups only, and this rule covers neither");
        }
    }
}

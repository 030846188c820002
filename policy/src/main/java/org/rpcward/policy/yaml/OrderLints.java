package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;

/*
 * Rules are held against each other as regions of calls. A rule is reported as unreachable only when the rules before
 * it cover all of it; where finding that out would take too long, nothing is said. The work is bounded, because a
 * policy of ten thousand rules must still be read in a second: in very long policies the last rules are not looked at.
 */
/** Warns of what the order of rules brings about. */
final class OrderLints {
    private static final long MOST_PAIRS = 2_000_000;
    private static final int MOST_NAMES = 3;

    /** rpcinfo -p asks GETADDR, version 4, for version 2 of the portmapper over TCP, and then DUMP, version 2. */
    private static final int ASKED_FIRST = Slot.of(Procedure.GETADDR, 4, Transport.TCP);

    private static final int ASKED_NEXT = Slot.of(Procedure.DUMP, 2, Transport.TCP);

    private static final BitSet LOOKUPS = Slot.where((p, protocol, t) -> p.callClass() == CallClass.LOOKUP);

    private final Problems problems;
    private final List<Region> regions = new ArrayList<>();
    private final Map<String, RulesReader.Written> written = new HashMap<>();
    private final Verdict byDefault;
    private final Mode mode;
    private final Overlaps overlaps = new Overlaps();
    private long pairs;

    OrderLints(Problems problems, List<RulesReader.Written> written, RuleSet rules, Mode mode) {
        this.problems = problems;
        this.mode = mode;
        this.byDefault = rules.defaultRule().then();
        written.forEach(w -> this.written.put(w.rule().name(), w));
        rules.rules().forEach(rule -> regions.add(Region.of(rule)));
    }

    /** Gives the names of the rules that are never reached. */
    Set<String> check() {
        Set<String> unreachable = new HashSet<>();
        for (int i = 0; i < regions.size() && pairs < MOST_PAIRS; i++) {
            RulesReader.Written w = written.get(regions.get(i).rule().name());
            if (w == null || regions.get(i).isEmpty()) {
                continue;
            }
            if (isUnreachable(i, w)) {
                unreachable.add(w.rule().name());
            } else {
                checkListing(i, w);
                checkRpcinfo(i, w);
                checkTrial(i, w);
            }
        }
        return unreachable;
    }

    private boolean isUnreachable(int at, RulesReader.Written w) {
        Region region = regions.get(at);
        List<Region> before = new ArrayList<>();
        for (Region earlier : regions.subList(0, at)) {
            pairs++;
            if (!earlier.rule().isAudit() && earlier.intersects(region, overlaps)) {
                before.add(earlier);
            }
        }
        Map<BitSet, Boolean> known = new HashMap<>();
        Set<Region> deciders = new LinkedHashSet<>();
        for (int slot = region.slots().nextSetBit(0);
                slot >= 0;
                slot = region.slots().nextSetBit(slot + 1)) {
            BitSet which = new BitSet();
            List<Region> here = new ArrayList<>();
            for (int i = 0; i < before.size(); i++) {
                if (before.get(i).slots().get(slot)) {
                    which.set(i);
                    here.add(before.get(i));
                }
            }
            // Slots at which the same rules stand before it have the same answer, if both name a program or neither.
            which.set(before.size(), Region.NAMING.get(slot));
            Boolean covered = known.get(which);
            if (covered == null) {
                pairs += here.size();
                covered = region.isCoveredAt(slot, here);
                known.put(which, covered);
            }
            if (!covered) {
                return false;
            }
            deciders.addAll(here);
        }
        boolean builtin = deciders.stream()
                .allMatch(r ->
                        r.rule().isBuiltin() && !written.containsKey(r.rule().name()));
        String name = "rule '" + w.rule().name() + "' is never reached";
        String hint = builtin
                ? "its calls are decided before it; to change that, give it the name of the built-in rule"
                : "its calls are decided before it";
        problems.at(w.name(), Code.UNREACHABLE, name, hint + ": " + names(deciders));
        return true;
    }

    private String names(Set<Region> deciders) {
        List<String> names = new ArrayList<>();
        for (Region r : deciders) {
            if (names.size() == MOST_NAMES) {
                names.add((deciders.size() - MOST_NAMES) + " more");
                break;
            }
            names.add("'" + r.rule().name() + "'" + lineOf(r.rule()));
        }
        return String.join(", ", names);
    }

    private String lineOf(Rule rule) {
        return written.containsKey(rule.name()) ? " (line " + rule.place().line() + ")" : "";
    }

    /** Without a view, a listing shows what its clients may look up. */
    private void checkListing(int at, RulesReader.Written w) {
        Region region = regions.get(at);
        boolean lists = w.rule().then() == Verdict.ALLOW
                && !w.rule().isAudit()
                && w.rule().view() == null
                && region.slots().get(ASKED_NEXT);
        if (!lists || byDefault == Verdict.ALLOW) {
            return;
        }
        for (Region r : regions) {
            pairs++;
            boolean lookups = r.rule().then() == Verdict.ALLOW
                    && !r.rule().isAudit()
                    && !r.rule().isBuiltin();
            if (lookups && r.slots().intersects(LOOKUPS) && overlaps.between(r.sources(), region.sources())) {
                return;
            }
        }
        problems.at(
                Objects.requireNonNullElse(w.mapping().value("call"), w.name()),
                Code.LISTS_NOTHING,
                "clients that rule '" + w.rule().name() + "' lets list may look up nothing, so their list is empty",
                "give it a view, 'view: everything' for all, or let them look up something");
    }

    private void checkRpcinfo(int at, RulesReader.Written w) {
        Region region = regions.get(at);
        boolean lists = w.rule().then() == Verdict.ALLOW
                && !w.rule().isAudit()
                && region.slots().get(ASKED_NEXT);
        if (!lists) {
            return;
        }
        AddressSet listing = region.sources();
        for (Region earlier : regions.subList(0, at)) {
            if (!earlier.rule().isAudit()
                    && earlier.slots().get(ASKED_NEXT)
                    && overlaps.between(earlier.sources(), listing)) {
                listing = listing.minus(earlier.sources());
            }
        }
        for (Region r : regions) {
            boolean decides = !r.rule().isAudit()
                    && r.slots().get(ASKED_FIRST)
                    && r.programs().contains(Procedure.PROGRAM, Procedure.LOWEST_PROTOCOL)
                    && overlaps.between(r.sources(), listing);
            if (decides && r.rule().then() != Verdict.ALLOW) {
                String by = "rule '" + r.rule().name() + "'" + lineOf(r.rule()) + " says "
                        + r.rule().then().word();
                reportRpcinfo(w, by);
                return;
            }
            listing = decides ? listing.minus(r.sources()) : listing;
        }
        if (!listing.isEmpty() && byDefault != Verdict.ALLOW) {
            reportRpcinfo(w, "no rule allows it");
        }
    }

    private void reportRpcinfo(RulesReader.Written w, String why) {
        problems.at(
                Objects.requireNonNullElse(w.mapping().value("call"), w.name()),
                Code.RPCINFO,
                "clients that rule '" + w.rule().name()
                        + "' lets list cannot use rpcinfo -p: it looks up the portmapper first, and " + why,
                "let them look up 'program: portmapper' in a rule before that");
    }

    private void checkTrial(int at, RulesReader.Written w) {
        if (!w.rule().isAudit() || mode == Mode.AUDIT) {
            return;
        }
        Region region = regions.get(at);
        for (Region later : regions.subList(at + 1, regions.size())) {
            pairs++;
            if (later.intersects(region, overlaps)) {
                return;
            }
        }
        problems.at(
                w.name(),
                Code.TRIAL_WITHOUT_END,
                "rule '" + w.rule().name() + "' is in audit mode, and no rule after it takes its calls: the default, "
                        + byDefault.word() + ", does",
                "put it before the rules that decide today");
    }
}

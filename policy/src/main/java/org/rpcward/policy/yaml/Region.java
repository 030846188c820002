package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Slot;

/**
 * The calls that a rule matches, as a set: sources x slots x programs. Slots of calls that do not exist, or that the
 * rule's programs leave without a match, are not in it.
 *
 * @param slots not to be changed
 */
record Region(Rule rule, AddressSet sources, BitSet slots, ProgramSet programs) {
    /** Slots of procedures that their version of the protocol has. */
    static final BitSet EXISTING = Slot.where((p, protocol, t) -> p.existsIn(protocol));

    /** Slots of procedures that name a program. */
    static final BitSet NAMING = Slot.where((p, protocol, t) -> p.callClass().namesProgram());

    private static final int MOST_PIECES = 64;

    static Region of(Rule rule) {
        ProgramSet programs = RuleSet.programsOf(rule);
        BitSet slots = RuleSet.slotsOf(rule);
        slots.and(EXISTING);
        if (programs.isEmpty()) {
            slots.andNot(NAMING);
        }
        if (!RuleSet.holdsWithoutProgram(rule)) {
            slots.and(NAMING);
        }
        return new Region(rule, RuleSet.sourcesOf(rule), slots, programs);
    }

    boolean isEmpty() {
        return sources.isEmpty() || slots.isEmpty();
    }

    boolean has(BitSet some) {
        return slots.intersects(some);
    }

    /** Whether some call is in both. */
    boolean intersects(Region other, Overlaps overlaps) {
        if (!slots.intersects(other.slots) || !overlaps.between(sources, other.sources)) {
            return false;
        }
        BitSet common = (BitSet) slots.clone();
        common.and(other.slots);
        BitSet withoutProgram = (BitSet) common.clone();
        withoutProgram.andNot(NAMING);
        return !withoutProgram.isEmpty()
                || !programs.intersection(other.programs).isEmpty();
    }

    /**
     * Whether these regions together cover this one at a slot. May say no where they do, when the answer would take too
     * long; never the reverse.
     */
    boolean isCoveredAt(int slot, List<Region> others) {
        boolean naming = NAMING.get(slot);
        List<Piece> left = List.of(new Piece(sources, naming ? programs : ProgramSet.ALL));
        for (Region other : others) {
            Piece taken = new Piece(other.sources, naming ? other.programs : ProgramSet.ALL);
            List<Piece> rest = new ArrayList<>();
            left.forEach(piece -> piece.minus(taken, rest));
            if (rest.isEmpty()) {
                return true;
            }
            if (rest.size() > MOST_PIECES) {
                return false;
            }
            left = rest;
        }
        return false;
    }

    /** What is left of a region at one slot. */
    private record Piece(AddressSet sources, ProgramSet programs) {
        void minus(Piece taken, List<Piece> rest) {
            if (!sources.intersects(taken.sources)) {
                rest.add(this);
                return;
            }
            ProgramSet programsLeft = programs.minus(taken.programs);
            if (programsLeft.equals(programs)) {
                rest.add(this);
                return;
            }
            if (!taken.sources.containsAll(sources)) {
                rest.add(new Piece(sources.minus(taken.sources), programs));
            }
            if (!programsLeft.isEmpty()) {
                rest.add(new Piece(sources.intersection(taken.sources), programsLeft));
            }
        }
    }
}

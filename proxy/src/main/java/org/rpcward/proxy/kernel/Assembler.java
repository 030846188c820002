package org.rpcward.proxy.kernel;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/*
 * Jumps of BPF only lead forward. So a program is put together from its end: whatever is jumped to is already there,
 * its distance is known, and nothing has to be patched afterwards. A place in the program is the number of instructions
 * from there to the end.
 *
 * A conditional jump reaches 255 instructions; an unconditional one reaches everything. For a target that is too far
 * away, an unconditional jump is put in between, which serves all conditional jumps before it that are near enough.
 */
/** Puts a program together, from its end to its beginning. Places are what its methods return. */
final class Assembler {
    private final List<Instruction> reversed = new ArrayList<>();
    private final Map<Integer, Integer> nearest = new HashMap<>();

    /** How many instructions there are by now. */
    int size() {
        return reversed.size();
    }

    /** Instructions that run one after another, and then what stands at a place. */
    int block(int next, Instruction... instructions) {
        if (next != size()) {
            jumpTo(next);
        }
        for (int i = instructions.length - 1; i >= 0; i--) {
            reversed.add(instructions[i]);
        }
        return size();
    }

    /** The end of the program. */
    int end(int code, int k) {
        reversed.add(Instruction.of(code, k));
        return size();
    }

    /** A conditional jump. */
    int branch(int code, int k, int ifTrue, int ifFalse) {
        if (ifTrue == ifFalse) {
            return ifTrue;
        }
        int yes = near(ifTrue);
        int no = near(ifFalse);
        reversed.add(new Instruction(code, size() - yes, size() - no, k));
        return size();
    }

    /** A place that leads to the given one, within reach of a conditional jump here even if one more jump comes between. */
    private int near(int target) {
        int place = nearest.getOrDefault(target, target);
        if (size() + 1 - place > Instruction.REACH) {
            place = jumpTo(target);
            nearest.put(target, place);
        }
        return place;
    }

    private int jumpTo(int target) {
        reversed.add(Instruction.of(Instruction.JUMP, size() - target));
        return size();
    }

    Program program() {
        List<Instruction> instructions = new ArrayList<>(reversed);
        Collections.reverse(instructions);
        return new Program(instructions);
    }
}

package org.rpcward.proxy.kernel;

import static org.rpcward.proxy.kernel.Instruction.A_TO_X;
import static org.rpcward.proxy.kernel.Instruction.LOAD_X_MEMORY;
import static org.rpcward.proxy.kernel.Instruction.MULTIPLY;
import static org.rpcward.proxy.kernel.Instruction.SHIFT_RIGHT;
import static org.rpcward.proxy.kernel.Instruction.STORE;
import static org.rpcward.proxy.kernel.Instruction.XOR;
import static org.rpcward.proxy.kernel.Instruction.XOR_X;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys for hashing sources: secret, and new in each process, so that nobody can choose addresses that share a queue
 * with somebody else's.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record HashKeys(int seed, int[] factors) {
    private static final int WORDS = 5;

    /** Those of MurmurHash3: whatever the keys are, neighbours end far from each other. */
    private static final int FIRST_FACTOR = 0x85ebca6b;

    private static final int SECOND_FACTOR = 0xc2b2ae35;

    /** Keys of this process. */
    public static HashKeys random() {
        SecureRandom random = new SecureRandom();
        return new HashKeys(random.nextInt(), random.ints(WORDS).map(i -> i | 1).toArray());
    }

    /**
     * Code that leaves the hash of at most five words in the accumulator; it uses the first word of memory.
     *
     * @param loads for each word, instructions that leave it in the accumulator
     */
    Instruction[] hash(List<List<Instruction>> loads) {
        List<Instruction> code = new ArrayList<>();
        for (int i = 0; i < loads.size(); i++) {
            code.addAll(loads.get(i));
            if (i == 0) {
                code.add(Instruction.of(XOR, seed));
            } else {
                code.add(Instruction.of(LOAD_X_MEMORY));
                code.add(Instruction.of(XOR_X));
            }
            code.add(Instruction.of(MULTIPLY, factors[i]));
            mix(code, 15);
            if (i < loads.size() - 1) {
                code.add(Instruction.of(STORE));
            }
        }
        code.add(Instruction.of(MULTIPLY, FIRST_FACTOR));
        mix(code, 13);
        code.add(Instruction.of(MULTIPLY, SECOND_FACTOR));
        mix(code, 16);
        return code.toArray(Instruction[]::new);
    }

    /** The upper bits, which depend on all, into the lower ones, which are used. */
    private static void mix(List<Instruction> code, int bits) {
        code.add(Instruction.of(A_TO_X));
        code.add(Instruction.of(SHIFT_RIGHT, bits));
        code.add(Instruction.of(XOR_X));
    }
}

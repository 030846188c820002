package org.rpcward.proxy.kernel;

/**
 * One instruction of classic BPF as the kernel takes it ({@code struct sock_filter}). The machine has an accumulator A, an
 * index register X and sixteen words of memory; all numbers are unsigned and 32 bits wide.
 *
 * @param code what to do
 * @param ifTrue how many instructions a conditional jump skips when its condition holds, 0 to 255
 * @param ifFalse the same for when it does not
 * @param k the operand
 */
public record Instruction(int code, int ifTrue, int ifFalse, int k) {
    /** Bytes of an instruction in memory. */
    public static final int BYTES = 8;

    static final int LOAD_WORD = 0x20;
    static final int LOAD_HALF = 0x28;
    static final int LOAD_BYTE = 0x30;
    static final int LOAD_MEMORY = 0x60;
    static final int LOAD_X_MEMORY = 0x61;
    static final int STORE = 0x02;
    static final int ADD = 0x04;
    static final int ADD_X = 0x0c;
    static final int MULTIPLY = 0x24;
    static final int DIVIDE = 0x34;
    static final int AND = 0x54;
    static final int SHIFT_RIGHT = 0x74;
    static final int MODULO = 0x94;
    static final int XOR = 0xa4;
    static final int XOR_X = 0xac;
    static final int A_TO_X = 0x07;
    static final int X_TO_A = 0x87;
    static final int JUMP = 0x05;
    static final int JUMP_EQUAL = 0x15;
    static final int JUMP_AT_LEAST = 0x35;
    static final int RETURN = 0x06;
    static final int RETURN_A = 0x16;

    /** The farthest that a conditional jump reaches. */
    static final int REACH = 255;

    static Instruction of(int code, int k) {
        return new Instruction(code, 0, 0, k);
    }

    static Instruction of(int code) {
        return of(code, 0);
    }
}

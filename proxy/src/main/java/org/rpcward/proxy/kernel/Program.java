package org.rpcward.proxy.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A whole program, in the order in which it runs. */
public record Program(List<Instruction> instructions) {
    /** No kernel takes more instructions than this in one program (BPF_MAXINSNS). */
    public static final int LIMIT = 4096;

    public Program {
        instructions = List.copyOf(instructions);
    }

    public int length() {
        return instructions.size();
    }

    /** The instructions in memory outside of the heap, as the kernel reads them. */
    public ByteBuffer toBuffer() {
        ByteBuffer out = ByteBuffer.allocateDirect(length() * Instruction.BYTES).order(ByteOrder.nativeOrder());
        for (Instruction i : instructions) {
            out.putShort((short) i.code())
                    .put((byte) i.ifTrue())
                    .put((byte) i.ifFalse())
                    .putInt(i.k());
        }
        return out.flip();
    }
}

package org.rpcward.proxy.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.IpAddress;

class AssemblerTest {
    private static final IpAddress SOURCE = IpAddress.v4(0x0a000001);
    private static final Instruction LOAD = Instruction.of(Instruction.LOAD_WORD, Header.NETWORK + 12);
    private static final Instruction FILLER = Instruction.of(Instruction.ADD, 0);

    private static void fill(Assembler program, int count) {
        for (int i = 0; i < count; i++) {
            program.block(program.size(), FILLER);
        }
    }

    /** Over every distance about the reach of a conditional jump, on either side, the right end is reached. */
    @Test
    void conditionalJumpsReachEverything() {
        for (int far = 0; far < 600; far++) {
            for (int apart : new int[] {0, 1, 2, 254, 255, 256}) {
                for (int sought : new int[] {0x0a000001, 7}) {
                    Assembler program = new Assembler();
                    int no = program.end(Instruction.RETURN, 5);
                    fill(program, apart);
                    int yes = program.end(Instruction.RETURN, 6);
                    fill(program, far);
                    int branch = program.branch(Instruction.JUMP_EQUAL, sought, yes, no);
                    program.block(branch, LOAD);
                    Machine machine = new Machine(program.program());
                    assertThat(machine.run(SOURCE))
                            .as("far=%d apart=%d", far, apart)
                            .isEqualTo(sought == 7 ? 5 : 6);
                    assertThat(machine.steps).isLessThanOrEqualTo(4);
                }
            }
        }
    }

    @Test
    void aJumpInBetweenServesAllThatAreNear() {
        Assembler program = new Assembler();
        int no = program.end(Instruction.RETURN, 5);
        int yes = program.end(Instruction.RETURN, 6);
        fill(program, 1000);
        int before = program.size();
        for (int i = 0; i < 100; i++) {
            program.branch(Instruction.JUMP_EQUAL, i, yes, no);
        }
        assertThat(program.size() - before).isEqualTo(102);
    }

    @Test
    void aBlockGoesOnWhereItIsTold() {
        Assembler program = new Assembler();
        int six = program.end(Instruction.RETURN, 6);
        program.end(Instruction.RETURN, 5);
        program.block(six, FILLER, FILLER);
        assertThat(new Machine(program.program()).run(SOURCE)).isEqualTo(6);
    }

    @Test
    void aBranchBothOfWhoseWaysAreOneIsNone() {
        Assembler program = new Assembler();
        int end = program.end(Instruction.RETURN, 5);
        assertThat(program.branch(Instruction.JUMP_EQUAL, 1, end, end)).isEqualTo(end);
        assertThat(program.size()).isEqualTo(1);
    }
}

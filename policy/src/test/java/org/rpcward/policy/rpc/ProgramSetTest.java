package org.rpcward.policy.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ProgramSetTest {
    private static final int[] EDGES = {0, 1, 2, 100_000, Integer.MAX_VALUE, Integer.MIN_VALUE, -2, -1};

    @Test
    void holdsVersionsApart() {
        ProgramSet set = ProgramSet.of(100_003, 2, 3);
        assertThat(set.contains(100_003, 1)).isFalse();
        assertThat(set.contains(100_003, 2)).isTrue();
        assertThat(set.contains(100_003, 3)).isTrue();
        assertThat(set.contains(100_003, 4)).isFalse();
        assertThat(set.contains(100_002, 3)).isFalse();
        assertThat(ProgramSet.of(100_003).contains(100_003, -1)).isTrue();
        assertThat(ProgramSet.of(100_003).contains(100_004, 0)).isFalse();
    }

    @Test
    void joinsNeighbouringProgramsAtTheEndsOfTheirVersions() {
        assertThat(ProgramSet.of(5).union(ProgramSet.of(6)).ranges()).hasSize(1);
        assertThat(ProgramSet.of(5).union(ProgramSet.of(7)).ranges()).hasSize(2);
        assertThat(ProgramSet.of(-1).union(ProgramSet.of(0)).ranges()).hasSize(2);
        assertThat(ProgramSet.of(-1).complement().union(ProgramSet.of(-1))).isEqualTo(ProgramSet.ALL);
    }

    @Test
    void complementsAtTheEndsOfTheWorld() {
        assertThat(ProgramSet.ALL.complement()).isEqualTo(ProgramSet.NONE);
        assertThat(ProgramSet.NONE.complement()).isEqualTo(ProgramSet.ALL);
        assertThat(ProgramSet.of(0).complement().contains(0, -1)).isFalse();
        assertThat(ProgramSet.of(0).complement().contains(1, 0)).isTrue();
        assertThat(ProgramSet.of(-1).complement().contains(-2, -1)).isTrue();
        assertThat(ProgramSet.of(-1).complement().ranges()).hasSize(1);
        assertThat(ProgramSet.ALL.contains(-1, -1)).isTrue();
        assertThat(ProgramSet.ALL.contains(Integer.MIN_VALUE, 0)).isTrue();
    }

    @Test
    void algebraAgreesWithMembership() {
        Random random = new Random(3);
        for (int round = 0; round < 3000; round++) {
            ProgramSet a = randomSet(random);
            ProgramSet b = randomSet(random);
            for (int program : EDGES) {
                for (int version : EDGES) {
                    boolean inA = a.contains(program, version);
                    boolean inB = b.contains(program, version);
                    assertThat(a.union(b).contains(program, version)).isEqualTo(inA || inB);
                    assertThat(a.intersection(b).contains(program, version)).isEqualTo(inA && inB);
                    assertThat(a.minus(b).contains(program, version)).isEqualTo(inA && !inB);
                    assertThat(a.complement().contains(program, version)).isEqualTo(!inA);
                }
            }
            assertThat(a.complement().complement()).isEqualTo(a);
            assertThat(a.isEmpty()).isEqualTo(a.equals(ProgramSet.NONE));
        }
    }

    private static ProgramSet randomSet(Random random) {
        ProgramSet set = ProgramSet.NONE;
        for (int i = random.nextInt(4); i > 0; i--) {
            int program = EDGES[random.nextInt(EDGES.length)];
            int first = EDGES[random.nextInt(EDGES.length)];
            int last = EDGES[random.nextInt(EDGES.length)];
            boolean ordered = Integer.compareUnsigned(first, last) <= 0;
            set = set.union(
                    random.nextBoolean()
                            ? ProgramSet.of(program)
                            : ProgramSet.of(program, ordered ? first : last, ordered ? last : first));
        }
        return set;
    }
}

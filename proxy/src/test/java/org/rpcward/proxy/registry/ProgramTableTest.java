package org.rpcward.proxy.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class ProgramTableTest {
    @Test
    void findsTheRowsOfEachProgramInTheirOrderAndNoneOfOthers() {
        List<Mapping> rows = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            // Numbers that a table without a good hash would put into few places.
            rows.add(row(i << 16, 1));
            rows.add(row(i << 16, 2));
        }
        ProgramTable table = ProgramTable.of(rows);

        for (int i = 0; i < 10_000; i++) {
            assertThat(table.rows(i << 16)).containsExactly(row(i << 16, 1), row(i << 16, 2));
            assertThat(table.rows((i << 16) + 1)).isEmpty();
        }
    }

    @Test
    void anyNumberIsAProgram() {
        ProgramTable table = ProgramTable.of(List.of(row(0, 1), row(-1, 1)));

        assertThat(table.rows(0)).containsExactly(row(0, 1));
        assertThat(table.rows(-1)).containsExactly(row(-1, 1));
        assertThat(table.rows(Integer.MIN_VALUE)).isEmpty();
    }

    @Test
    void mayBeEmpty() {
        assertThat(ProgramTable.of(List.of()).rows(0)).isEmpty();
    }

    private static Mapping row(int program, int version) {
        return Mapping.anywhere(program, version, Netid.UDP, 2049);
    }
}

package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.BackendPolicy.Expectation;
import org.rpcward.policy.BackendPolicy.Row;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class DeviationTest {
    private static final Expectation EXPECTED = new Expectation(new Row(100_003, 3, "tcp", 2049), false);
    private static final Mapping ROW = Mapping.anywhere(100_003, 3, Netid.TCP, 2049);

    @Test
    void thereIsNoneWhenAllIsAsExpected() {
        assertThat(Deviation.of(List.of(EXPECTED), List.of(ROW))).isEmpty();
        assertThat(Deviation.of(List.of(), List.of(ROW))).isEmpty();
    }

    @Test
    void anExpectedRegistrationIsMissing() {
        assertThat(Deviation.of(List.of(EXPECTED), List.of())).containsExactly(new Deviation(EXPECTED, null));
        for (Mapping other : List.of(
                Mapping.anywhere(100_003, 4, Netid.TCP, 2049),
                Mapping.anywhere(100_003, 3, Netid.UDP, 2049),
                Mapping.anywhere(100_004, 3, Netid.TCP, 2049))) {
            assertThat(Deviation.of(List.of(EXPECTED), List.of(other))).containsExactly(new Deviation(EXPECTED, null));
        }
    }

    @Test
    void anExpectedRegistrationIsElsewhere() {
        Mapping moved = ROW.withPort(2050);

        assertThat(Deviation.of(List.of(EXPECTED), List.of(moved))).containsExactly(new Deviation(EXPECTED, moved));
    }

    @Test
    void ofARegistrationThatStandsTwiceTheLastCounts() {
        assertThat(Deviation.of(List.of(EXPECTED), List.of(ROW.withPort(1), ROW)))
                .isEmpty();
    }
}

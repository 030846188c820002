package org.rpcward.proxy.backend;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy.Expectation;
import org.rpcward.proxy.rpcbind.Mapping;

/**
 * An expectation of the policy that a registry does not meet.
 *
 * @param found the registration at another port; null when there is none
 */
public record Deviation(Expectation expected, @Nullable Mapping found) {

    /** Those of the expectations that these rows do not meet. */
    public static List<Deviation> of(List<Expectation> expectations, List<Mapping> rows) {
        List<Deviation> deviations = new ArrayList<>();
        for (Expectation expectation : expectations) {
            Mapping found = null;
            for (Mapping row : rows) {
                if (row.program() == expectation.row().program()
                        && row.version() == expectation.row().version()
                        && row.netid().equals(expectation.row().netid())) {
                    found = row;
                }
            }
            if (found == null || found.port() != expectation.row().port()) {
                deviations.add(new Deviation(expectation, found));
            }
        }
        return deviations;
    }
}

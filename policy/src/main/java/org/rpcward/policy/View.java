package org.rpcward.policy;

import java.util.Set;
import org.rpcward.policy.rpc.ProgramSet;

/**
 * A named redaction: the part of a registry that a client sees, by listing and by lookup alike.
 *
 * @param netids the netids that are shown; empty for all
 * @param maxRows how many rows a listing shows at most
 */
public record View(String name, ProgramSet programs, Set<String> netids, int maxRows) {
    /** The name of the view that is always there, of the whole registry. */
    public static final String EVERYTHING = "everything";

    public static final int MAX_ROWS_DEFAULT = 10_000;

    public View {
        netids = Set.copyOf(netids);
    }

    public boolean shows(int program, int version, String netid) {
        return programs.contains(program, version) && (netids.isEmpty() || netids.contains(netid));
    }
}

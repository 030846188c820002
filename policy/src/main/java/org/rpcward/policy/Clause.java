package org.rpcward.policy;

import java.util.BitSet;
import java.util.Objects;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.ProgramSet;

/**
 * One key of a rule: a condition on one property of a call. A rule's clauses all have to hold.
 *
 * @see Rule
 */
public sealed interface Clause {
    /** The key as the policy writes it: {@code from}, {@code call}, {@code not.program}. */
    String key();

    /** The value as the policy writes it, on one line. */
    String text();

    boolean holds(Query query);

    /** A condition on who asks. */
    record Source(String key, String text, AddressSet sources) implements Clause {
        @Override
        public boolean holds(Query query) {
            return sources.contains(query.source());
        }
    }

    /** A condition on what is asked, in which version of the protocol, over which transport. */
    record Asked(String key, String text, BitSet slots) implements Clause {
        public Asked {
            slots = (BitSet) slots.clone();
        }

        @Override
        public BitSet slots() {
            return (BitSet) slots.clone();
        }

        @Override
        public boolean holds(Query query) {
            return slots.get(query.slot());
        }
    }

    /**
     * A condition on the program asked about. A call that names none, a DUMP for instance, is in no set but that of all,
     * so that it fails the plain clause and holds under {@code not}.
     */
    record Program(String key, String text, ProgramSet programs, boolean negated) implements Clause {
        public Program {
            Objects.requireNonNull(programs);
        }

        @Override
        public boolean holds(Query query) {
            return query.namesProgram()
                    ? programs.contains(query.program(), query.version()) != negated
                    : holdsWithoutProgram();
        }

        boolean holdsWithoutProgram() {
            return programs.equals(ProgramSet.ALL) != negated;
        }
    }
}

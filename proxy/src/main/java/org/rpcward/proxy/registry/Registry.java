package org.rpcward.proxy.registry;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/*
 * The rows are those of a backend, with two changes. Those of program 100000 are rpcward's own: it is the portmapper
 * that the client found, it speaks versions 2 to 4 whatever the backend speaks, and it is at port 111 whatever port the
 * backend was moved to. And pins of the policy lie over the rest.
 */
/** An immutable table of registrations with the semantics of rpcbind's lookups. */
public final class Registry {
    /** The port of program 100000 (RFC 1833, section 3). */
    public static final int PORTMAPPER_PORT = 111;

    private final List<Mapping> rows;
    private final Map<Netid, ProgramTable> byNetid = new EnumMap<>(Netid.class);
    private final ProgramTable all;

    private Registry(List<Mapping> rows) {
        this.rows = List.copyOf(rows);
        this.all =
                ProgramTable.of(rows.stream().filter(row -> row.known() != null).toList());
        for (Netid netid : Netid.values()) {
            byNetid.put(
                    netid,
                    ProgramTable.of(
                            rows.stream().filter(row -> row.known() == netid).toList()));
        }
    }

    /** The registry of a backend that says these rows. */
    public static Registry of(List<Mapping> backendRows, List<BackendPolicy.Row> pins) {
        // A set: what a backend registers twice, or two pins say alike, is one row.
        LinkedHashSet<Mapping> rows = new LinkedHashSet<>(ownRows());
        for (Mapping row : backendRows) {
            if (row.program() != Procedure.PROGRAM && !isPinned(row, pins)) {
                rows.add(row);
            }
        }
        for (BackendPolicy.Row pin : pins) {
            Netid netid = Netid.ofWord(pin.netid());
            if (netid != null) {
                rows.add(Mapping.anywhere(pin.program(), pin.version(), netid, pin.port()));
            }
        }
        return new Registry(List.copyOf(rows));
    }

    /** The rows of the portmapper itself, in rpcbind's order. */
    private static List<Mapping> ownRows() {
        List<Mapping> rows = new ArrayList<>();
        for (Netid netid : List.of(Netid.TCP6, Netid.UDP6, Netid.TCP, Netid.UDP)) {
            for (int version = 4; version >= (netid.isV4() ? 2 : 3); version--) {
                rows.add(Mapping.anywhere(Procedure.PROGRAM, version, netid, PORTMAPPER_PORT));
            }
        }
        return rows;
    }

    /** Whether a pin lies over this row. */
    static boolean isPinned(Mapping row, List<BackendPolicy.Row> pins) {
        for (BackendPolicy.Row pin : pins) {
            if (pin.program() == row.program()
                    && pin.version() == row.version()
                    && pin.netid().equals(row.netid())) {
                return true;
            }
        }
        return false;
    }

    /** The rows that answer a question and may be seen; empty when there are none. */
    public List<Mapping> select(Question question, RowFilter shown) {
        return question.kind() == Question.Kind.FAMILY ? family(question, shown) : lookup(question, shown);
    }

    /** The first rows that may be seen, in the order of registration; at most so many. */
    public List<Mapping> select(RowFilter shown, int most) {
        return rows.stream().filter(shown::shows).limit(most).toList();
    }

    /** The exact version where it is registered, else the one that was registered last, as rpcbind has it. */
    private List<Mapping> lookup(Question question, RowFilter shown) {
        Mapping other = null;
        for (Mapping row : registered(question.program(), question.netid())) {
            if (!shown.shows(row)) {
                continue;
            }
            if (row.version() == question.version()) {
                return List.of(row);
            }
            other = row;
        }
        return other == null || question.kind() == Question.Kind.EXACT_VERSION ? List.of() : List.of(other);
    }

    private Mapping[] registered(int program, Netid netid) {
        ProgramTable table = byNetid.get(netid);
        return table == null ? ProgramTable.NONE : table.rows(program);
    }

    private List<Mapping> family(Question question, RowFilter shown) {
        List<Mapping> found = new ArrayList<>(2);
        for (Mapping row : all.rows(question.program())) {
            Netid netid = row.known();
            if (row.version() == question.version()
                    && netid != null
                    && netid.isV4() == question.netid().isV4()
                    && shown.shows(row)) {
                found.add(row);
            }
        }
        return found;
    }

    /** All rows in the order of registration. */
    public List<Mapping> rows() {
        return rows;
    }
}

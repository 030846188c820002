package org.rpcward.proxy.registry;

import java.util.List;
import org.rpcward.proxy.rpcbind.Mapping;

/**
 * What a directory says to a question.
 *
 * @param rows what was found and may be seen, in the order of registration
 * @param available false when the backend could not be asked and nothing is known from earlier
 */
public record Answer(List<Mapping> rows, boolean available) {
    public static final Answer ABSENT = new Answer(List.of(), true);
    public static final Answer UNAVAILABLE = new Answer(List.of(), false);

    public static Answer of(List<Mapping> rows) {
        return rows.isEmpty() ? ABSENT : new Answer(rows, true);
    }
}

package org.rpcward.proxy.admin;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.rpcbind.Mapping;

/**
 * The registrations of a backend.
 *
 * @param seenBy {@code backend}, or the address of the client that sees them so
 * @param askedAt the address at which it asks; null for the backend
 * @param outcome what the client gets: {@code answered}, {@code refused}, {@code silence} and so on
 * @param ageSeconds how long ago they were read; null where that is not known
 */
public record RegistryView(
        String backend,
        String seenBy,
        @Nullable String askedAt,
        String outcome,
        @Nullable Double ageSeconds,
        List<Row> rows) {

    /**
     * A registration.
     *
     * @param name of the program in the table; empty when it has none
     * @param owner as the backend says it; never told to a client
     */
    public record Row(String name, long program, long version, String netid, String address, int port, String owner) {
        static Row of(Mapping mapping) {
            return new Row(
                    Top.nameOf(mapping.program()),
                    Integer.toUnsignedLong(mapping.program()),
                    Integer.toUnsignedLong(mapping.version()),
                    mapping.netid().toLowerCase(Locale.ROOT),
                    mapping.host().toString(),
                    mapping.port(),
                    mapping.owner());
        }
    }

    static RegistryView asBackend(String backend, String outcome, @Nullable Double age, List<Mapping> rows) {
        return new RegistryView(backend, "backend", null, outcome, age, rows(rows));
    }

    static RegistryView asClient(String backend, IpAddress client, Door door, String outcome, List<Mapping> rows) {
        return new RegistryView(backend, client.toString(), door.asked().toString(), outcome, null, rows(rows));
    }

    private static List<Row> rows(List<Mapping> mappings) {
        return mappings.stream().sorted().map(Row::of).toList();
    }
}

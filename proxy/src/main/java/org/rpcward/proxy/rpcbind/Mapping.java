package org.rpcward.proxy.rpcbind;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;

/**
 * One registration: this version of this program answers there.
 *
 * @param program unsigned
 * @param version unsigned
 * @param netid the registered netid as text, at most {@link org.rpcward.proxy.rpc.CallDecoder#MAX_NETID} bytes
 * @param known the netid, where it is one of those that lookups can find; null for others, {@code sctp} for instance
 * @param host as registered, a wildcard most often
 * @param port 0 to 65535
 * @param owner who registered it, where it is said and printable; never told to a client
 */
public record Mapping(
        int program, int version, String netid, @Nullable Netid known, IpAddress host, int port, String owner)
        implements Comparable<Mapping> {
    private static final IpAddress ANY_V4 = IpAddress.v4(0);
    private static final IpAddress ANY_V6 = new IpAddress(0, 0);

    /**
     * An order for hash tables, which search among equal hashes by it: a backend chooses the rows, and so their hashes.
     */
    private static final Comparator<Mapping> ORDER = Comparator.comparingInt(Mapping::program)
            .thenComparingInt(Mapping::version)
            .thenComparing(Mapping::netid)
            .thenComparing(Mapping::host)
            .thenComparingInt(Mapping::port)
            .thenComparing(Mapping::owner);

    public static Mapping of(int program, int version, Netid netid, IpAddress host, int port) {
        return new Mapping(program, version, netid.word(), netid, host, port, "");
    }

    /** A registration at every address of its family. */
    public static Mapping anywhere(int program, int version, Netid netid, int port) {
        return of(program, version, netid, netid.isV4() ? ANY_V4 : ANY_V6, port);
    }

    @Override
    public int compareTo(Mapping other) {
        return ORDER.compare(this, other);
    }

    public Mapping withPort(int newPort) {
        return new Mapping(program, version, netid, known, host, newPort, owner);
    }
}

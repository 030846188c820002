package org.rpcward.proxy.rpcbind;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;

/** The transports of IP by their netids (RFC 5665, section 5.1). */
public enum Netid {
    UDP(Transport.UDP, 17, "inet", 4),
    TCP(Transport.TCP, 6, "inet", 4),
    UDP6(Transport.UDP, 17, "inet6", 6),
    TCP6(Transport.TCP, 6, "inet6", 6);

    /** {@code nc_semantics} of datagrams: NC_TPI_CLTS (RFC 1833, section 2.1). */
    private static final int CONNECTIONLESS = 1;

    /** {@code nc_semantics} of streams: NC_TPI_COTS_ORD (RFC 1833, section 2.1). */
    private static final int CONNECTION_ORIENTED = 3;

    private final Transport transport;
    private final int ipProtocol;
    private final String family;
    private final int ipVersion;
    private final String word = name().toLowerCase(Locale.ROOT);

    Netid(Transport transport, int ipProtocol, String family, int ipVersion) {
        this.transport = transport;
        this.ipProtocol = ipProtocol;
        this.family = family;
        this.ipVersion = ipVersion;
    }

    /** The netid of a call that came over this transport to or from this address. */
    public static Netid of(Transport transport, IpAddress address) {
        if (transport == Transport.UDP) {
            return address.isV4() ? UDP : UDP6;
        }
        return address.isV4() ? TCP : TCP6;
    }

    /** The netid that version 2 means by this IP protocol number, or null: it only knows IPv4. */
    public static @Nullable Netid ofIpProtocol(int ipProtocol) {
        return ipProtocol == UDP.ipProtocol ? UDP : ipProtocol == TCP.ipProtocol ? TCP : null;
    }

    /** The netid of this text, exactly, or null. */
    public static @Nullable Netid ofWord(String word) {
        for (Netid n : values()) {
            if (n.word.equals(word)) {
                return n;
            }
        }
        return null;
    }

    public String word() {
        return word;
    }

    public Transport transport() {
        return transport;
    }

    /** 6 or 17. */
    public int ipProtocol() {
        return ipProtocol;
    }

    public boolean isV4() {
        return ipVersion == 4;
    }

    /** {@code r_nc_protofmly}: {@code inet} or {@code inet6}. */
    public String family() {
        return family;
    }

    /** {@code r_nc_proto}: {@code udp} or {@code tcp}. */
    public String protocol() {
        return transport.word();
    }

    /** {@code r_nc_semantics}. */
    public int semantics() {
        return transport == Transport.UDP ? CONNECTIONLESS : CONNECTION_ORIENTED;
    }
}

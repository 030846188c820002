package org.rpcward.proxy.scan;

import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;

/** Calls that no client makes, and a scanner always does: one is enough to know it by. */
public enum Fingerprint {
    /** The probe by which nmap finds out that something speaks RPC: version 104316 of the portmapper. */
    NMAP_RPC_CHECK("nmap RPCCheck"),
    /** What nmap sends to UDP ports where RPC may be: program 12345678. */
    NMAP_UDP_PAYLOAD("nmap UDP payload"),
    /** nmap's rpc-grind, and whatever looks for programs the same way: NULL in a random high version. */
    RPC_GRIND("rpc-grind"),
    /** nmap's rpcinfo: the listing of version 4 over TCP. Clients that may not list begin with version 3 or 2. */
    NMAP_RPCINFO("nmap rpcinfo"),
    /** Statistics over UDP, by which Metasploit's portmap_amp looks for amplifiers. */
    PORTMAP_AMP("portmap_amp"),
    /** XScan asks for version 4294967295 of the portmapper. */
    XSCAN("XScan");

    /** What a fingerprint scores: as much as throttles, unless the policy has another bound. */
    public static final int POINTS = 20;

    private static final int NMAP_VERSION = 104_316;
    private static final int NMAP_PROGRAM = 12_345_678;
    private static final int LOWEST_GRIND = 12_345;
    private static final int HIGHEST_GRIND = 123_456_789;

    private final String word;

    Fingerprint(String word) {
        this.word = word;
    }

    /** As it stands in the log. */
    public String word() {
        return word;
    }

    /**
     * Of a call that is none for a portmapper.
     *
     * @param program the program that was called, unsigned
     * @param version its version, unsigned
     * @param procedure the number of its procedure
     */
    public static @Nullable Fingerprint ofStranger(int program, int version, int procedure) {
        if (program == NMAP_PROGRAM) {
            return NMAP_UDP_PAYLOAD;
        }
        if (procedure != 0) {
            return null;
        }
        if (program == Procedure.PROGRAM && version == NMAP_VERSION) {
            return NMAP_RPC_CHECK;
        }
        return version >= LOWEST_GRIND && version <= HIGHEST_GRIND ? RPC_GRIND : null;
    }

    /**
     * Of a call for a portmapper.
     *
     * @param protocol the version of the portmapper that is spoken
     * @param denied whether the policy does not allow it
     * @param program the program asked for, if the procedure asks for one
     * @param version its version
     */
    public static @Nullable Fingerprint of(
            Procedure procedure, int protocol, Transport transport, boolean denied, int program, int version) {
        return switch (procedure) {
            case DUMP ->
                denied && protocol == Procedure.HIGHEST_PROTOCOL && transport == Transport.TCP ? NMAP_RPCINFO : null;
            case GETSTAT -> denied && transport == Transport.UDP ? PORTMAP_AMP : null;
            case GETPORT -> program == Procedure.PROGRAM && version == -1 ? XSCAN : null;
            default -> null;
        };
    }
}

package org.rpcward.proxy.it;

import java.nio.file.Path;
import java.util.List;

/** Three hosts with wires between them, as the drawing of this package shows. */
final class Lab implements AutoCloseable {
    static final String PROXY_V4 = "192.0.2.1";
    static final String PROXY_V6 = "2001:db8:a::1";
    static final String PROXY_OTHER_V4 = "198.51.100.1";
    static final String PROXY_OTHER_V6 = "2001:db8:b::1";
    static final String CLIENT_V4 = "192.0.2.2";
    static final String CLIENT_V6 = "2001:db8:a::2";
    static final String BACKEND_V4 = "10.111.0.2";
    static final String BACKEND_V6 = "fd00:111::2";

    private final Host client;
    private final Host proxy;
    private final Host backend;

    /** @param directory where the output of all processes goes */
    Lab(Path directory) {
        client = new Host("client", directory);
        proxy = new Host("proxy", directory);
        backend = new Host("backend", directory);
        try {
            proxy.wire("s0", client, "c0");
            proxy.wire("s1", client, "c1");
            proxy.wire("b1", backend, "b0");
            client.ip("""
                    addr add 192.0.2.2/24 broadcast + dev c0
                    addr add 2001:db8:a::2/64 dev c0 nodad
                    addr add 198.51.100.2/24 broadcast + dev c1
                    addr add 2001:db8:b::2/64 dev c1 nodad
                    addr add 203.0.113.9/32 dev lo
                    addr add 2001:db8:ffff::9/128 dev lo nodad
                    link set c0 up
                    link set c1 up
                    """);
            proxy.ip("""
                    addr add 192.0.2.1/24 broadcast + dev s0
                    addr add 2001:db8:a::1/64 dev s0 nodad
                    addr add 198.51.100.1/24 broadcast + dev s1
                    addr add 2001:db8:b::1/64 dev s1 nodad
                    addr add 10.111.0.1/24 dev b1
                    addr add fd00:111::1/64 dev b1 nodad
                    link set s0 up
                    link set s1 up
                    link set b1 up
                    route add 203.0.113.9/32 via 192.0.2.2
                    route add 2001:db8:ffff::9/128 via 2001:db8:a::2
                    """);
            backend.ip("""
                    addr add 10.111.0.2/24 dev b0
                    addr add fd00:111::2/64 dev b0 nodad
                    link set b0 up
                    """);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Where clients are. */
    Host client() {
        return client;
    }

    /** Where rpcward runs. */
    Host proxy() {
        return proxy;
    }

    /** Where the portmapper behind rpcward runs, in the recipes with two hosts. */
    Host backend() {
        return backend;
    }

    @Override
    public void close() {
        List.of(client, proxy, backend).forEach(Host::close);
    }
}

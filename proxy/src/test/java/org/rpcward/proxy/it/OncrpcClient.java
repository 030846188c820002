package org.rpcward.proxy.it;

import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import org.dcache.oncrpc4j.portmap.GenericPortmapClient;
import org.dcache.oncrpc4j.portmap.OncPortmapClient;
import org.dcache.oncrpc4j.portmap.PortmapV2Client;
import org.dcache.oncrpc4j.portmap.RpcbindV4Client;
import org.dcache.oncrpc4j.rpc.OncRpcClient;
import org.dcache.oncrpc4j.rpc.RpcAuthTypeNone;
import org.dcache.oncrpc4j.rpc.RpcCall;
import org.dcache.oncrpc4j.rpc.RpcTransport;

/** Runs on a host of the lab: an independent implementation of the protocol asks a portmapper, over UDP and over TCP. */
public final class OncrpcClient {
    private static final int PORTMAPPER = 100_000;
    private static final int PORT = 111;
    private static final int UDP = 17;
    private static final int TCP = 6;

    private OncrpcClient() {}

    public static void main(String[] arguments) throws Exception {
        InetAddress address = InetAddress.getByName(arguments[0]);
        String family = address.getAddress().length == 4 ? "" : "6";
        for (int protocol : new int[] {UDP, TCP}) {
            String netid = (protocol == UDP ? "udp" : "tcp") + family;
            try (OncRpcClient client = new OncRpcClient(address, protocol, PORT)) {
                RpcTransport transport = client.connect(5, TimeUnit.SECONDS);
                RpcAuthTypeNone none = new RpcAuthTypeNone();
                ask(netid + " v2", new PortmapV2Client(new RpcCall(PORTMAPPER, 2, none, transport)), netid);
                ask(netid + " v4", new RpcbindV4Client(new RpcCall(PORTMAPPER, 4, none, transport)), netid);
                ask(netid + " any", new GenericPortmapClient(transport), netid);
            }
        }
        System.exit(0);
    }

    private interface Question {
        Object ask() throws Exception;
    }

    private static void ask(String who, OncPortmapClient client, String netid) {
        say(who + " ping", client::ping);
        say(who + " nfs", () -> client.getPort(100_003, 3, netid));
        if (netid.startsWith("tcp")) {
            say(who + " rows", () -> client.dump().size());
        }
    }

    private static void say(String what, Question question) {
        Object answer;
        try {
            answer = question.ask();
        } catch (Exception e) {
            answer = e.getClass().getSimpleName();
        }
        System.out.println(what + " " + answer);
    }
}

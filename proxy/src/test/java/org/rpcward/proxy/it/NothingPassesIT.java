package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.it.Calls.words;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.proxy.it.Attacks.Attack;
import org.rpcward.proxy.it.Pcap.Packet;

/*
 * Everything hostile that is known, and thousands of things that are nearly right, is sent to an rpcward that allows all
 * it can allow, while tcpdump listens on both sides of it. What counts is what was on the wire.
 */
/** Nothing that a client sends reaches the backend, and nothing comes back that is larger than what was sent. */
@RequiresLab(programs = {"rpcbind", "tcpdump", "sed"})
class NothingPassesIT extends Opened {
    private static final int MIRRORING = 111;
    private static final int FORWARDING = 1111;
    private static final int FORWARDING_OVER_V6 = 1112;
    private static final int[] PORTS = {MIRRORING, FORWARDING, FORWARDING_OVER_V6};

    private static final int MUTATED_DATAGRAMS = 4000;
    private static final int MUTATED_STREAMS = 1500;
    private static final int FIRST_XID = 0x4000_0000;
    private static final int AT_ONCE = 256;
    private static final int CALL_BYTES = 40;

    /** Datagrams are cut for the wire. */
    private static final int LONGEST_DATAGRAM_PACKET = 2048;

    private static final String POLICY = """
            version: 1
            listeners:
              mirroring:
                bind: [s0]
                port: 111
                backend: mirrored
                tcp: { max_per_source: 2000, max_per_prefix: 2000, new_per_source: 500, first_record: 1s }
              forwarding:
                bind: [s0]
                port: 1111
                backend: asked
                tcp: { max_per_source: 2000, max_per_prefix: 2000, new_per_source: 500, first_record: 1s }
              forwarding-over-v6:
                bind: [s0]
                port: 1112
                backend: asked-over-v6
                tcp: { max_per_source: 2000, max_per_prefix: 2000, new_per_source: 500, first_record: 1s }
            backends:
              mirrored: { address: "10.111.0.2:111" }
              asked: { address: "10.111.0.2:111", answers: forward, fresh: 500ms }
              asked-over-v6: { address: "[fd00:111::2]:111", answers: forward, fresh: 500ms }
            rules: [{ name: all, from: any, then: allow }]
            """;

    private final Set<Integer> registered = new java.util.TreeSet<>(List.of(Calls.PROGRAM));
    private Caller caller;
    private Rpcward rpcward;
    private byte[] tableBefore;
    private byte[] tableAfter;
    private byte[] statistics;
    private List<Packet> atClient;
    private List<Packet> atBackend;
    private long lost;

    @BeforeAll
    void attack(@TempDir Path directory) throws Exception {
        Lab lab = opened(new Lab(directory));
        Rpcbind rpcbind = opened(Rpcbind.start(lab.backend()));
        GoldenVectors.Backend table = GoldenVectors.backend("nfs");
        rpcbind.set(table.registrations());
        rpcbind.set(new Rpcbind.Registration(300_001, 1, "udp", "10.6.6.6.8.1"));
        rpcbind.set(new Rpcbind.Registration(300_002, 1, "udp", "zzz"));
        rpcbind.set(new Rpcbind.Registration(300_003, 1, "udp", "/run/rpcbind.sock"));
        table.registrations().forEach(r -> registered.add(r.program()));
        registered.addAll(List.of(300_001, 300_002, 300_003));
        tableBefore = rpcbind.dump();
        caller = opened(new Caller(lab.client()));
        Capture clientSide = opened(new Capture(lab.client(), "c0", "udp", LONGEST_DATAGRAM_PACKET));
        Capture backendSide = opened(new Capture(lab.backend(), "b0", "port 111"));
        rpcward = opened(Rpcward.start(lab.proxy(), POLICY));

        List<CompletableFuture<?>> sent = new ArrayList<>();
        Semaphore room = new Semaphore(AT_ONCE);
        for (Attack attack : Attacks.messages()) {
            for (int port : PORTS) {
                sent.add(datagram(room, Lab.PROXY_V4, port, attack.bytes()));
                sent.add(datagram(room, Lab.PROXY_V6, port, attack.bytes()));
                sent.add(stream(room, Lab.PROXY_V4, port, Calls.record(attack.bytes())));
            }
        }
        for (Attack attack : Attacks.streams()) {
            for (int port : PORTS) {
                sent.add(stream(room, Lab.PROXY_V4, port, attack.bytes()));
                sent.add(stream(room, Lab.PROXY_V6, port, attack.bytes()));
            }
        }
        mutations(room, sent);
        CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();

        tableAfter = rpcbind.dump();
        statistics = rpcbind.statistics();
        atClient = clientSide.packets();
        atBackend = backendSide.packets();
    }

    private void mutations(Semaphore room, List<CompletableFuture<?>> sent) {
        Mutations mutations = new Mutations(rightMessages());
        for (int i = 0; i < MUTATED_DATAGRAMS; i++) {
            byte[] message = mutations.message();
            if (message.length >= 4) {
                // So that each reply tells which call it is for.
                System.arraycopy(words(FIRST_XID + i), 0, message, 0, 4);
            }
            sent.add(datagram(room, i % 2 == 0 ? Lab.PROXY_V4 : Lab.PROXY_V6, PORTS[i % PORTS.length], message));
        }
        for (int i = 0; i < MUTATED_STREAMS; i++) {
            byte[] stream = mutations.stream();
            sent.add(stream(room, i % 2 == 0 ? Lab.PROXY_V4 : Lab.PROXY_V6, PORTS[i % PORTS.length], stream));
        }
    }

    private static List<byte[]> rightMessages() {
        List<byte[]> messages = new ArrayList<>();
        for (GoldenVectors.Vector v : GoldenVectors.vectors()) {
            byte[] first = v.request().segments().get(0);
            if (first.length < 600) {
                messages.add(
                        v.request().isUdp() || first.length < 8 ? first : Arrays.copyOfRange(first, 4, first.length));
            }
        }
        return messages;
    }

    private CompletableFuture<?> datagram(Semaphore room, String to, int port, byte[] bytes) {
        room.acquireUninterruptibly();
        return caller.probe(Caller.ANY_SOURCE, 0, to, port, bytes).whenComplete((served, e) -> {
            room.release();
            if (!Boolean.TRUE.equals(served)) {
                countLost();
            }
        });
    }

    private synchronized void countLost() {
        lost++;
    }

    private CompletableFuture<?> stream(Semaphore room, String to, int port, byte[] bytes) {
        room.acquireUninterruptibly();
        return caller.tcpLater(
                        Caller.ANY_SOURCE,
                        0,
                        to,
                        port,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        Integer.MAX_VALUE,
                        true,
                        List.of(bytes))
                .whenComplete((stream, e) -> room.release());
    }

    /** The questions that rpcward asks, by their bytes. */
    private static String kind(byte[] call) {
        boolean header = call.length >= CALL_BYTES
                && Arrays.equals(Arrays.copyOfRange(call, 4, 16), words(0, 2, Calls.PROGRAM))
                && Arrays.equals(Arrays.copyOfRange(call, 24, CALL_BYTES), new byte[16]);
        if (!header) {
            return "not a call of rpcward's";
        }
        int version = Calls.word(call, 4);
        int procedure = Calls.word(call, 5);
        byte[] arguments = Arrays.copyOfRange(call, CALL_BYTES, call.length);
        if (arguments.length == 0 && version >= 2 && version <= 4) {
            return procedure == 0 ? "NULL" : procedure == 4 ? "DUMP" : "procedure " + procedure + " without arguments";
        }
        if (version == 2 && procedure == 3 && arguments.length == 16) {
            int protocol = Calls.word(arguments, 2);
            return (protocol == 6 || protocol == 17) && Calls.word(arguments, 3) == 0 ? "GETPORT" : "an odd GETPORT";
        }
        if ((version == 3 || version == 4) && procedure == 3 && arguments.length >= 20) {
            int program = Calls.word(arguments, 0);
            int ofProgram = Calls.word(arguments, 1);
            for (String netid : List.of("udp", "tcp", "udp6", "tcp6")) {
                if (Arrays.equals(arguments, Calls.rpcb(program, ofProgram, netid, "", ""))) {
                    return "GETADDR";
                }
            }
        }
        return "procedure " + procedure + ", version " + version + ", with arguments";
    }

    @Test
    void everyCallToTheBackendIsOneThatRpcwardWritesInOneFragment() {
        Map<String, Integer> kinds = new TreeMap<>();
        for (Packet p : atBackend) {
            if (!p.isTcp() && p.to().getPort() == 111) {
                kinds.merge(p.length() == p.payload().length ? kind(p.payload()) : "in pieces", 1, Integer::sum);
            }
        }
        Pcap.streams(atBackend).forEach((flow, bytes) -> {
            if (flow.to().getPort() == 111) {
                List<byte[]> records = Calls.records(bytes);
                byte[] again = {};
                for (byte[] call : records) {
                    kinds.merge(kind(call), 1, Integer::sum);
                    again = Calls.concat(again, Calls.record(call));
                }
                assertThat(bytes).as("records of one fragment in " + flow).isEqualTo(again);
            }
        });

        assertThat(kinds.keySet())
                .as("questions to the backend: %s", kinds)
                .containsExactlyInAnyOrder("DUMP", "GETADDR", "GETPORT");
    }

    @Test
    void everyCallToTheBackendComesFromAnUnprivilegedPort() {
        assertThat(atBackend.stream()
                        .map(Packet::from)
                        .filter(from -> !isBackend(from))
                        .filter(from -> from.getPort() < 1024))
                .isEmpty();
    }

    private static boolean isBackend(InetSocketAddress address) {
        return List.of("10.111.0.2", "fd00:111:0:0:0:0:0:2")
                .contains(address.getAddress().getHostAddress());
    }

    @Test
    void theBackendIsAskedAFewTimesHoweverMuchIsSent() {
        long dumps = Pcap.streams(atBackend).entrySet().stream()
                .filter(s -> s.getKey().to().getPort() == 111)
                .flatMap(s -> Calls.records(s.getValue()).stream())
                .filter(call -> kind(call).equals("DUMP"))
                .count();

        assertThat(dumps).as("listings that were asked for").isBetween(3L, 300L);
    }

    @Test
    void theRegistryIsAsItWasAndNothingThatChangesItWasEverAsked() {
        assertThat(tableAfter).isEqualTo(tableBefore);
        for (int version = 2; version <= 4; version++) {
            // Those that made the table came over the local socket in version 4.
            int sets = version == 4 ? registeredRows() : 0;
            assertThat(Statistics.calls(statistics, version, 1)).isEqualTo(sets);
            for (int procedure : new int[] {2, 5, 6, 7, 8, 9, 10, 11}) {
                assertThat(Statistics.calls(statistics, version, procedure))
                        .as("version %d, procedure %d", version, procedure)
                        .isZero();
            }
        }
    }

    private static int registeredRows() {
        return GoldenVectors.backend("nfs").registrations().size() + 3;
    }

    @Test
    void theBackendIsNeverAskedForAProgramThatItDoesNotHave() {
        assertThat(registered).containsAll(Statistics.programsLookedUp(statistics));
    }

    @Test
    void noDatagramThatComesBackIsLargerThanTheOneThatItAnswersAndNoneComesTwice() {
        record Key(InetSocketAddress client, InetSocketAddress server, int xid) {}
        Map<Key, Packet> calls = new HashMap<>();
        Map<Key, Integer> unanswered = new LinkedHashMap<>();
        List<String> wrong = new ArrayList<>();
        long answered = 0;
        for (Packet p : atClient) {
            boolean fromRpcward = p.from().getPort() == MIRRORING
                    || p.from().getPort() == FORWARDING
                    || p.from().getPort() == FORWARDING_OVER_V6;
            if (p.payload().length < 4) {
                continue;
            }
            int xid = Calls.word(p.payload(), 0);
            if (!fromRpcward) {
                Key key = new Key(p.from(), p.to(), xid);
                calls.put(key, p);
                unanswered.merge(key, 1, Integer::sum);
                continue;
            }
            Key key = new Key(p.to(), p.from(), xid);
            Packet call = calls.get(key);
            if (call == null || p.length() > call.length() || unanswered.merge(key, -1, Integer::sum) < 0) {
                wrong.add((call == null ? "nothing" : call.length() + " bytes " + hex(call)) + " brought " + p.length()
                        + " bytes " + hex(p));
            }
            answered++;
        }

        assertThat(wrong).isEmpty();
        assertThat(answered).as("replies that were seen").isGreaterThan(1000);
    }

    private static String hex(Packet p) {
        return HexFormat.of().formatHex(p.payload());
    }

    @Test
    void everyPingBehindAnAttackIsAnswered() {
        assertThat(lost).isZero();
    }

    @Test
    void aRegistrationThatPointsElsewhereIsFoundAtTheAddressThatWasAsked() {
        byte[] reply = caller.udp(Lab.PROXY_V4, Calls.call(1, 4, 3, Calls.rpcb(300_001, 1, "udp", "", "")))
                .orFail();

        assertThat(reply).isEqualTo(Calls.concat(words(1, 1, 0, 0, 0, 0), Calls.text("192.0.2.1.8.1")));
    }

    @Test
    void aRegistrationThatIsNoAddressIsAbsent() {
        for (int program : List.of(300_002, 300_003)) {
            byte[] reply = caller.udp(Lab.PROXY_V4, Calls.call(1, 4, 3, Calls.rpcb(program, 1, "udp", "", "")))
                    .orFail();

            assertThat(reply).isEqualTo(words(1, 1, 0, 0, 0, 0, 0));
        }
    }

    @Test
    void aSecondCallWithinARecordIsGarbageAndNotACall() {
        byte[] smuggled = Calls.call(8, 4, 1, Calls.rpcb(Attacks.SOME_PROGRAM, 1, "udp", "192.0.2.1.8.1", ""));

        List<byte[]> replies = caller.tcp(
                        Lab.PROXY_V4, Calls.fragment(Calls.ping(7), false), Calls.fragment(smuggled, true))
                .records();

        assertThat(replies).containsExactly(words(7, 1, 0, 0, 0, 4));
    }

    @Test
    void aCallInManyFragmentsIsOneCall() {
        byte[] call = Calls.getPort(7, 100_003, 3, 6);
        byte[] fragments = {};
        for (int at = 0; at < call.length; at += 4) {
            fragments = Calls.concat(
                    fragments, Calls.fragment(Arrays.copyOfRange(call, at, at + 4), at + 4 == call.length));
        }

        assertThat(caller.tcp(Lab.PROXY_V4, fragments).records()).containsExactly(words(7, 1, 0, 0, 0, 0, 2049));
    }

    @Test
    void rpcwardIsAliveWithoutAStackTraceAndWithBoundedMemory() {
        assertThat(caller.udp(Lab.PROXY_V4, Calls.ping(7)).orFail()).isEqualTo(words(7, 1, 0, 0, 0, 0));
        assertThat(rpcward.diagnostics() + rpcward.log()).doesNotContain("Exception", "\tat ", "LEAK", "Error:");
        assertThat(rpcward.residentMegabytes()).isLessThan(400);
    }
}

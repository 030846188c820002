package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.it.Calls.call;
import static org.rpcward.proxy.it.Calls.callOf;
import static org.rpcward.proxy.it.Calls.concat;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.none;
import static org.rpcward.proxy.it.Calls.opaque;
import static org.rpcward.proxy.it.Calls.rpcb;
import static org.rpcward.proxy.it.Calls.text;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The probes of those who scan for open portmappers, and of those who use them: a stranger gets nothing over UDP, a
 * client no more than it sent.
 */
@RequiresLab(programs = {"rpcbind", "rpcinfo", "tcpdump", "timeout"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ProbesIT extends Opened {
    private static final int UDP = 17;
    private static final int TCP = 6;
    private static final int SET = 1;
    private static final int UNSET = 2;
    private static final int LOOKUP = 3;
    private static final int DUMP = 4;
    private static final int CALLIT = 5;
    private static final int GETVERSADDR = 9;
    private static final int INDIRECT = 10;
    private static final int GETADDRLIST = 11;
    private static final int GETSTAT = 12;

    private static final int NFS = 100_003;
    private static final int YPSERV = 100_004;
    private static final int MOUNTD = 100_005;
    private static final int SADMIND = 100_232;
    private static final int XID = 0x72fe_1d13;

    /** Rows that make a listing too long for any datagram. */
    private static final int MANY = 300;

    private static final String FULL = "10.9.7.1";
    private static final String TOO_FULL = "10.9.7.2";
    private static final String STATISTICIAN = "10.9.7.3";

    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: [s0, s1], tcp: { first_record: 1s, idle: 1s, max_per_source: 500, new_per_source: 500, max_per_prefix: 1000 } } }
            backends: { legacy: { address: "10.111.0.2:111" } }
            groups:
              friends: [192.0.2.0/24, "2001:db8:a::/64"]
            programs:
              nfs-family: [nfs, mountd]
            views:
              nfs-only: { programs: [nfs-family, portmapper] }
            rules:
              - { name: friends look up, from: friends, call: lookup, program: nfs-family, then: allow }
              - { name: friends list, from: friends, call: list, then: allow }
              - { name: friends find nothing else, from: friends, call: lookup, not: { program: portmapper }, then: hide }
              - { name: all of it, from: 10.9.7.1, call: list, over: udp, then: allow, view: nfs-only, over_udp: full }
              - { name: too much, from: 10.9.7.2, call: list, over: udp, then: allow, view: everything, over_udp: full }
              - { name: statistics, from: 10.9.7.3, call: [stats, lookup], then: allow }
            default: drop
            """;

    private Lab lab;
    private Caller caller;
    private Capture atFriends;
    private Capture atStrangers;

    /**
     * One probe.
     *
     * @param toFriend what a friend hears over TCP; null when the connection just ends
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Probe(String name, byte[] message, @Nullable Predicate<byte[]> toFriend) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Predicate<byte[]> is(int... words) {
        byte[] expected = words(words);
        return reply -> Arrays.equals(reply, expected);
    }

    private static Predicate<byte[]> success(byte[]... results) {
        byte[] expected = concat(words(XID, 1, 0, 0, 0, 0), concat(results));
        return reply -> Arrays.equals(reply, expected);
    }

    private static Predicate<byte[]> rows(int version, int count) {
        return reply -> (version == 2 ? Listings.rowsOfVersion2(reply) : Listings.rows(reply)).size() == count;
    }

    private static byte[] gssVerifier(int bytes) {
        return concat(words(6), opaque(new byte[bytes]));
    }

    private static byte[] portmapper(int version, int procedure, byte[] credential, byte[] verifier, byte[] arguments) {
        return callOf(XID, Calls.PROGRAM, version, procedure, credential, verifier, arguments);
    }

    /** By the numbers of the reference on what scanners send; only those that are one message. */
    static Stream<Probe> probes() {
        List<Probe> probes = new ArrayList<>();
        Predicate<byte[]> tooWeak = is(XID, 1, 1, 1, 5);
        Predicate<byte[]> mismatch = is(XID, 1, 0, 0, 0, 2, 2, 4);
        Predicate<byte[]> unavailable = is(XID, 1, 0, 0, 0, 1);
        Predicate<byte[]> garbage = is(XID, 1, 0, 0, 0, 4);
        Predicate<byte[]> zero = is(XID, 1, 0, 0, 0, 0, 0);
        byte[] name = text("192.0.2.1.0.111");
        byte[] libtirpc = concat(text("tcp"), name, text("libtirpc"));

        // Of the portmapper itself 6 rows, of nfs and mountd 2 each; with IPv6 10 and 4 each.
        probes.add(new Probe("W1 DUMP version 2, as zmap and Shadowserver send it", call(XID, 2, DUMP), rows(2, 10)));
        probes.add(new Probe("W2 DUMP version 3, the first of portmap_amp", call(XID, 3, DUMP), rows(3, 18)));
        probes.add(new Probe("W2 DUMP version 2, the second of portmap_amp", call(XID, 2, DUMP), rows(2, 10)));
        probes.add(new Probe("W2 GETSTAT, the third of portmap_amp", call(XID, 4, GETSTAT), null));
        probes.add(new Probe("W3 RPCCheck of nmap", call(XID, 104_316, 0), mismatch));
        probes.add(new Probe(
                "W3b the other payload of nmap",
                callOf(XID, 12_345_678, 0, 0, none(), none(), new byte[0]),
                unavailable));
        for (int program : new int[] {Calls.PROGRAM, 100_001, 100_002, NFS, MOUNTD, 390_113}) {
            probes.add(new Probe(
                    "W4 rpc-grind, program " + program,
                    callOf(XID, program, 98_765_432, 0, none(), none(), new byte[0]),
                    program == Calls.PROGRAM ? mismatch : unavailable));
        }
        probes.add(new Probe("W5 DUMP version 4 of nmap's rpcinfo", call(XID, 4, DUMP), rows(4, 18)));
        probes.add(new Probe(
                "W6 GETADDR of the portmapper, of rpcinfo -p",
                call(XID, 4, LOOKUP, words(Calls.PROGRAM, 2), libtirpc),
                success(name)));
        probes.add(new Probe(
                "W6 GETADDR of mountd, of showmount",
                call(XID, 4, LOOKUP, words(MOUNTD, 3), libtirpc),
                success(text("192.0.2.1.78.80"))));
        probes.add(new Probe(
                "W6 GETADDRLIST of mountd, of rpcinfo -l",
                call(XID, 4, GETADDRLIST, words(MOUNTD, 3), libtirpc),
                success(
                        words(1),
                        text("192.0.2.1.78.80"),
                        text("udp"),
                        words(1),
                        text("inet"),
                        text("udp"),
                        words(1),
                        text("192.0.2.1.78.80"),
                        text("tcp"),
                        words(3),
                        text("inet"),
                        text("tcp"),
                        words(0))));
        probes.add(
                new Probe("W6 EXPORT of mountd", callOf(XID, MOUNTD, 3, 5, none(), none(), new byte[0]), unavailable));
        probes.add(new Probe("W7 rpcbomb", call(XID, 4, GETVERSADDR, words(0, 4, 4, 1_000_000)), garbage));
        probes.add(new Probe("W8 sweep for sadmind", getPort(XID, SADMIND, 10, UDP), zero));
        probes.add(new Probe(
                "W9 broadcast of a NIS client",
                portmapper(
                        2,
                        CALLIT,
                        Calls.authSys("client"),
                        none(),
                        concat(words(YPSERV, 2, 2), opaque(text("domain")))),
                tooWeak));
        probes.add(new Probe("W10 XScan", getPort(XID, Calls.PROGRAM, -1, UDP), is(XID, 1, 0, 0, 0, 0, 111)));
        byte[] gss = concat(words(6), opaque(new byte[24]));
        for (int verifier : new int[] {16, 392}) {
            probes.add(new Probe(
                    "W11 DUMP with a verifier of " + verifier,
                    portmapper(2, DUMP, gss, gssVerifier(verifier), new byte[0]),
                    denied()));
            probes.add(new Probe(
                    "W11 SET with a verifier of " + verifier,
                    portmapper(2, SET, gss, gssVerifier(verifier), words(SADMIND, 1, UDP, 666)),
                    denied()));
        }
        probes.add(new Probe(
                "W12 DUMP with the longest verifier",
                portmapper(2, DUMP, none(), gssVerifier(400), new byte[0]),
                denied()));
        for (int target : new int[] {MOUNTD, NFS, YPSERV, Calls.PROGRAM}) {
            byte[] arguments = concat(words(target, 3, 1), opaque(words(1, 2, 3, 4)));
            probes.add(new Probe("W15 CALLIT of " + target, call(XID, 2, CALLIT, arguments), tooWeak));
            probes.add(new Probe("W15 BCAST of " + target, call(XID, 4, CALLIT, arguments), tooWeak));
            probes.add(new Probe("W15 INDIRECT of " + target, call(XID, 4, INDIRECT, arguments), tooWeak));
        }
        probes.add(new Probe(
                "W16 CALLIT with a length of 4 GiB", call(XID, 2, CALLIT, words(MOUNTD, 3, 1, -1, 0)), tooWeak));
        probes.add(new Probe("W17 SET of mountd, version 2", call(XID, 2, SET, words(MOUNTD, 3, UDP, 666)), tooWeak));
        probes.add(new Probe("W17 UNSET of nfs, version 2", call(XID, 2, UNSET, words(NFS, 3, UDP, 0)), tooWeak));
        probes.add(new Probe(
                "W17 SET of mountd, version 4",
                call(XID, 4, SET, rpcb(MOUNTD, 3, "udp", "10.6.6.6.2.154", "superuser")),
                tooWeak));
        probes.add(new Probe("W17 UNSET of nfs, version 3", call(XID, 3, UNSET, rpcb(NFS, 3, "", "", "")), tooWeak));
        for (int dangerous : new int[] {100_083, 100_068, SADMIND, 100_028, 100_249}) {
            probes.add(new Probe(
                    "W24 an exploit's first question, program " + dangerous,
                    portmapper(2, LOOKUP, Calls.authSys("localhost"), none(), words(dangerous, 1, TCP, 0)),
                    zero));
        }
        return probes.stream();
    }

    /** Whatever the reason, in 20 bytes, and nothing of the verifier comes back. */
    @SuppressWarnings("UnnecessaryLambda") // reads as the others do
    private static Predicate<byte[]> denied() {
        return reply -> reply.length == 20 && Calls.word(reply, 2) == 1 && Calls.word(reply, 3) == 1;
    }

    @BeforeAll
    void start(@TempDir Path directory) {
        lab = opened(new Lab(directory));
        lab.client().ip("route add local 10.9.0.0/16 dev lo");
        lab.proxy().ip("route add 10.9.0.0/16 via " + Lab.CLIENT_V4);
        Rpcbind rpcbind = opened(Rpcbind.start(lab.backend()));
        for (String netid : List.of("udp", "tcp", "udp6", "tcp6")) {
            rpcbind.set(NFS, 3, netid, 2049);
            rpcbind.set(MOUNTD, 3, netid, 20_048);
            rpcbind.set(SADMIND, 10, netid, 1000);
        }
        for (int i = 0; i < MANY; i++) {
            rpcbind.set(300_000 + i, 1, "tcp", 30_000 + i);
        }
        caller = opened(new Caller(lab.client()));
        atFriends = opened(new Capture(lab.client(), "c0", "udp port 111"));
        atStrangers = opened(new Capture(lab.client(), "c1", "port 111"));
        opened(Rpcward.start(lab.proxy(), POLICY));
    }

    private List<byte[]> overTcp(String source, String to, byte[]... segments) {
        return stream(source, to, true, segments).records();
    }

    private Caller.Stream stream(String source, String to, boolean half, byte[]... segments) {
        Duration patience = Duration.ofSeconds(10);
        return caller.tcpLater(source, 0, to, 111, patience, patience, Integer.MAX_VALUE, half, Arrays.asList(segments))
                .join();
    }

    private byte[] overUdp(String source, byte[] message) {
        return caller.udpLater(source, 0, Lab.PROXY_V4, 111, Duration.ofSeconds(5), message)
                .join()
                .orFail();
    }

    @Test
    void aStrangerHearsNothingOverUdpAndNoMoreThanANoOverTcp() {
        Map<String, CompletableFuture<Caller.Datagram>> datagrams = new LinkedHashMap<>();
        Map<String, CompletableFuture<Caller.Stream>> streams = new LinkedHashMap<>();
        Duration quiet = Duration.ofMillis(300);
        Duration patience = Duration.ofSeconds(5);
        probes().forEach(probe -> {
            for (String to : List.of(Lab.PROXY_OTHER_V4, Lab.PROXY_OTHER_V6)) {
                String what = probe + " to " + to;
                datagrams.put(what, caller.udpLater(Caller.ANY_SOURCE, 0, to, 111, quiet, probe.message()));
                List<byte[]> record = List.of(Calls.record(probe.message()));
                streams.put(
                        what,
                        caller.tcpLater(
                                Caller.ANY_SOURCE, 0, to, 111, patience, patience, Integer.MAX_VALUE, false, record));
            }
        });

        datagrams.forEach(
                (what, reply) -> assertThat(reply.join().hex()).as(what).isEqualTo("silence"));
        // Over TCP, where the source is no forgery, registrations and indirect calls are refused in so many words.
        streams.forEach((what, reply) -> assertThat(reply.join().hex())
                .as(what)
                .isEqualTo(
                        what.matches("W(9|15|16|17) .*")
                                ? "8000001472fe1d1300000001000000010000000100000005 closed"
                                : " closed"));
    }

    @ParameterizedTest
    @MethodSource("probes")
    void aFriendHearsTheRightThingOverTcp(Probe probe) {
        List<byte[]> replies = overTcp(Caller.ANY_SOURCE, Lab.PROXY_V4, Calls.record(probe.message()));

        if (probe.toFriend() == null) {
            assertThat(replies).isEmpty();
        } else {
            assertThat(replies).hasSize(1);
            assertThat(replies.get(0))
                    .as(HexFormat.of().formatHex(replies.get(0)))
                    .matches(probe.toFriend());
        }
    }

    /** What fits is the same as over TCP; what does not is the error that rpcbind has for that. */
    @ParameterizedTest
    @MethodSource("probes")
    void aFriendHearsNoMoreThanItSentOverUdp(Probe probe) {
        if (probe.toFriend() == null) {
            // Silence, with the strangers' or not.
            assertThat(caller.quietUdp(Lab.PROXY_V4, probe.message()).hex()).isEqualTo("silence");
            return;
        }
        byte[] reply = overUdp(Caller.ANY_SOURCE, probe.message());

        assertThat(reply).hasSizeLessThanOrEqualTo(probe.message().length);
        byte[] tooLong = words(XID, 1, 0, 0, 0, 5);
        if (!Arrays.equals(reply, tooLong)) {
            assertThat(reply).matches(probe.toFriend());
        } else {
            List<byte[]> whole = overTcp(Caller.ANY_SOURCE, Lab.PROXY_V4, Calls.record(probe.message()));
            assertThat(whole.get(0)).hasSizeGreaterThan(probe.message().length);
        }
    }

    @Test
    void fullAnswersOverUdpAreForTheRuleThatSaysSo() {
        assertThat(Listings.rowsOfVersion2(overUdp(FULL, call(XID, 2, DUMP)))).hasSize(10);
        assertThat(Listings.rows(overUdp(FULL, call(XID, 3, DUMP)))).hasSize(18);
        assertThat(Listings.rows(overUdp(FULL, call(XID, 4, DUMP)))).hasSize(18);
        assertThat(overUdp(Caller.ANY_SOURCE, call(XID, 2, DUMP))).isEqualTo(words(XID, 1, 0, 0, 0, 5));
    }

    @Test
    void evenFullAnswersAreNoLongerThanRpcbindsOwn() {
        assertThat(overUdp(TOO_FULL, call(XID, 2, DUMP))).hasSizeBetween(6000, 9000);
        assertThat(overUdp(TOO_FULL, call(XID, 3, DUMP))).isEqualTo(words(XID, 1, 0, 0, 0, 5));
        assertThat(overUdp(TOO_FULL, call(XID, 4, DUMP))).isEqualTo(words(XID, 1, 0, 0, 0, 5));
    }

    /** W14: the options of attack tools that cut a call into records of many fragments. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 7, 39})
    void aListingThatIsAskedForInFragmentsIsOneListing(int bytes) {
        byte[] message = call(XID, 2, DUMP);
        byte[] fragments = {};
        for (int at = 0; at < message.length; at += bytes) {
            int end = Math.min(at + bytes, message.length);
            fragments = concat(fragments, Calls.fragment(Arrays.copyOfRange(message, at, end), end == message.length));
        }

        List<byte[]> replies = overTcp(Caller.ANY_SOURCE, Lab.PROXY_V4, fragments);

        assertThat(replies).hasSize(1);
        assertThat(Listings.rowsOfVersion2(replies.get(0))).hasSize(10);
        assertThat(overTcp(Caller.ANY_SOURCE, Lab.PROXY_OTHER_V4, fragments)).isEmpty();
    }

    /** W18. */
    @Test
    void fiveThousandPipelinedPingsAreAnsweredInOrder() {
        byte[][] pings = new byte[5000][];
        byte[][] expected = new byte[5000][];
        for (int i = 0; i < 5000; i++) {
            pings[i] = Calls.record(Calls.ping(i));
            expected[i] = words(i, 1, 0, 0, 0, 0);
        }

        List<byte[]> replies = overTcp(Caller.ANY_SOURCE, Lab.PROXY_V4, concat(pings));

        assertThat(replies).containsExactly(expected);
    }

    /** W19. */
    @Test
    void aConnectionThatSendsNothingWholeIsClosed() {
        byte[] record = Calls.record(call(XID, 2, DUMP));
        Map<String, byte[]> slow = Map.of(
                "two bytes of a mark", new byte[] {(byte) 0x80, 0},
                "half a record", Arrays.copyOf(record, record.length / 2),
                "a record and a half", concat(record, Arrays.copyOf(record, record.length / 2)));
        List<CompletableFuture<Void>> ended = new ArrayList<>();
        slow.forEach((what, bytes) -> ended.add(CompletableFuture.runAsync(() -> {
            long begin = System.nanoTime();
            Caller.Stream stream = stream(Caller.ANY_SOURCE, Lab.PROXY_V4, false, bytes);
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            assertThat(stream.open()).as(what).isFalse();
            assertThat(stream.records()).as(what).hasSize(bytes.length > record.length ? 1 : 0);
            assertThat(took).as(what).isBetween(Duration.ofMillis(800), Duration.ofSeconds(5));
        })));
        ended.forEach(CompletableFuture::join);
    }

    /** W21: rpcbind's own statistics grow with every program that was ever asked for. */
    @Test
    void statisticsStayAsShortHoweverManyProgramsAreAskedFor() {
        byte[] before = overTcp(STATISTICIAN, Lab.PROXY_V4, Calls.record(call(XID, 4, GETSTAT)))
                .get(0);
        List<CompletableFuture<Caller.Datagram>> misses = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            misses.add(caller.udpLater(
                    STATISTICIAN, 0, Lab.PROXY_V4, 111, Duration.ofSeconds(5), getPort(XID, 0x3000_0000 + i, 1, UDP)));
        }
        assertThat(misses).allSatisfy(miss -> assertThat(miss.join().orFail()).isEqualTo(words(XID, 1, 0, 0, 0, 0, 0)));

        byte[] after = overTcp(STATISTICIAN, Lab.PROXY_V4, Calls.record(call(XID, 4, GETSTAT)))
                .get(0);

        assertThat(after).hasSameSizeAs(before).hasSizeLessThan(300);
        assertThat(Statistics.programsLookedUp(after)).isEmpty();
        assertThat(Statistics.calls(after, 2, LOOKUP)).isGreaterThanOrEqualTo(400);
        assertThat(overUdp(STATISTICIAN, call(XID, 4, GETSTAT))).isEqualTo(words(XID, 1, 0, 0, 0, 5));
    }

    /** W23. */
    @Test
    void nobodyIsAtTheOtherPortOfOldSystems() {
        byte[] list = call(XID, 2, DUMP);
        Duration quiet = Duration.ofMillis(300);

        assertThat(caller.udpLater(Caller.ANY_SOURCE, 0, Lab.PROXY_V4, 32_771, quiet, list)
                        .join()
                        .reply())
                .isNull();
        assertThat(caller.tcpLater(
                                Caller.ANY_SOURCE,
                                0,
                                Lab.PROXY_V4,
                                32_771,
                                quiet,
                                quiet,
                                1,
                                false,
                                List.of(Calls.record(list)))
                        .join()
                        .refused())
                .isTrue();
    }

    /** So complaints are verified: what counts as mended is that this runs into its timeout. */
    @Test
    void rpcinfoOverUdpGetsNothingFromAStrangersSide() {
        Host.Finished stranger = lab.client()
                .run(List.of(
                        "timeout", "--signal=KILL", "2", "rpcinfo", "-T", "udp", Lab.PROXY_OTHER_V4, "100000", "2"));
        Host.Finished friend = lab.client()
                .run(List.of("timeout", "--signal=KILL", "2", "rpcinfo", "-T", "udp", Lab.PROXY_V4, "100000", "2"));

        assertThat(friend.orFail().output()).contains("program 100000 version 2 ready and waiting");
        assertThat(stranger.status()).isEqualTo(128 + 9);
        assertThat(stranger.all()).isEmpty();
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void whatWasOnTheWireSaysTheSame() {
        List<Pcap.Packet> strangers = atStrangers.packets();
        assertThat(strangers).hasSizeGreaterThan(100);
        assertThat(strangers.stream()
                        .filter(p -> p.from().getPort() == 111 && !p.isTcp())
                        .toList())
                .isEmpty();
        // Each reply to a friend, except those of the rules that say otherwise, against the longest call of its socket.
        Map<Pcap.Flow, Integer> sent = new LinkedHashMap<>();
        List<String> larger = new ArrayList<>();
        int replies = 0;
        for (Pcap.Packet p : atFriends.packets()) {
            if (p.from().getPort() != 111) {
                sent.merge(new Pcap.Flow(p.from(), p.to()), p.length(), Math::max);
                continue;
            }
            replies++;
            String to = p.to().getAddress().getHostAddress();
            if (!List.of(FULL, TOO_FULL).contains(to)
                    && p.length() > sent.getOrDefault(new Pcap.Flow(p.to(), p.from()), 0)) {
                larger.add(to + " " + new String(p.payload(), StandardCharsets.ISO_8859_1));
            }
        }
        assertThat(larger).isEmpty();
        assertThat(replies).isGreaterThan(400);
    }
}

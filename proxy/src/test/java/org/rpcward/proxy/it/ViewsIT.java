package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.rpcb;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.proxy.it.Rpcbind.Registration;

/** One host, and for each client the part of it that the client may see. */
@RequiresLab(programs = {"rpcbind", "rpcinfo", "tcpdump"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ViewsIT extends Opened {
    private static final int UDP = 17;
    private static final int TCP = 6;
    private static final int SET = 1;
    private static final int LOOKUP = 3;
    private static final int DUMP = 4;
    private static final int GETVERSADDR = 9;
    private static final int GETADDRLIST = 11;
    private static final int XID = 0x5eed;
    private static final int MIRRORING = 111;
    private static final int FORWARDING = 1111;
    private static final int[] PORTS = {MIRRORING, FORWARDING};
    private static final int ROUNDS = 8;

    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final int YPSERV = 100_004;
    private static final int YPBIND = 100_007;
    private static final int STATUS = 100_024;
    private static final int METER = 0x2000_0042;
    private static final int INNER = 300_001;
    private static final int ABSENT = 0x2000_0999;

    private static final String AUDITED_V4 = "10.3.0.1";
    private static final String AUDITED_V6 = "fd00:3::1";

    private static final String POLICY = """
            version: 1
            listeners:
              mirroring: { bind: [s0, s1, s2], port: 111, backend: mirrored, tcp: { max_per_source: 200, new_per_source: 500 } }
              forwarding: { bind: [s0, s1, s2], port: 1111, backend: asked, tcp: { max_per_source: 200, new_per_source: 500 } }
            backends:
              mirrored: { address: "10.111.0.2:111" }
              asked: { address: "10.111.0.2:111", answers: forward }
            groups:
              nfs-clients: [192.0.2.0/24, "2001:db8:a::/64"]
              nis-clients: [198.51.100.0/24, "2001:db8:b::/64"]
              auditors: [10.3.0.0/24, "fd00:3::/64"]
              blind: [10.9.1.0/24, "fd00:9:1::/48"]
              pickers: [10.9.2.0/24, "fd00:9:2::/48"]
              half-viewed: [10.9.3.0/24, "fd00:9:3::/48"]
              list-only: [10.9.4.0/24, "fd00:9:4::/48"]
              short-sighted: [10.9.5.0/24, "fd00:9:5::/48"]
              tcp-only: [10.9.6.0/24, "fd00:9:6::/48"]
            programs:
              nfs-family: [nfs, mountd, status]
              nis-family: [ypserv, ypbind]
            views:
              nfs-only: { programs: [nfs-family, portmapper] }
              three-rows: { programs: any, max_rows: 3 }
              tcp-rows: { programs: any, netids: tcp }
            rules:
              - { name: nfs clients look up, from: nfs-clients, call: lookup, then: allow, view: nfs-only }
              - { name: nfs clients list, from: nfs-clients, call: list, over: tcp, then: allow, view: nfs-only }
              - { name: nis clients look up, from: nis-clients, call: lookup, program: nis-family, then: allow }
              - { name: nis clients list, from: nis-clients, call: list, over: tcp, then: allow }
              - { name: nis clients find nothing else, from: nis-clients, call: lookup, not: { program: portmapper }, then: hide }
              - { name: auditors, from: auditors, call: [lookup, list], then: allow, view: everything }
              - { name: pickers and nfs, from: pickers, call: lookup, program: nfs/3, then: allow }
              - { name: pickers and mountd, from: pickers, call: lookup, program: mountd/1-2, then: allow }
              - { name: pickers and nis, from: pickers, call: lookup, program: ypserv, protocol: 2, then: allow }
              - { name: pickers and status, from: pickers, call: lookup, program: status, protocol: [3, 4], then: allow }
              - { name: pickers list, from: pickers, call: list, then: allow }
              - { name: pickers find nothing else, from: pickers, call: lookup, then: hide }
              - { name: half-viewed look up, from: half-viewed, call: lookup, then: allow, view: nfs-only }
              - { name: half-viewed list, from: half-viewed, call: list, then: allow }
              - { name: list-only list, from: list-only, call: list, then: allow, view: everything }
              - { name: list-only find nothing, from: list-only, call: lookup, then: hide }
              - { name: short-sighted, from: short-sighted, call: [lookup, list], then: allow, view: three-rows }
              - { name: tcp-only, from: tcp-only, call: [lookup, list], then: allow, view: tcp-rows }
              - { name: blind, from: blind, then: hide }
            default: drop
            """;

    /** What rpcbind has, besides itself. */
    private static final List<Registration> TABLE = table();

    private Lab lab;
    private Caller caller;
    private final List<Capture> captures = new ArrayList<>();

    private static List<Registration> table() {
        List<Registration> table = new ArrayList<>();
        for (String netid : List.of("udp", "tcp", "udp6", "tcp6")) {
            String any = netid.endsWith("6") ? "::" : "0.0.0.0";
            table.add(new Registration(NFS, 3, netid, any + ".8.1"));
            table.add(new Registration(NFS, 4, netid, any + ".8.1"));
            for (int version = 1; version <= 3; version++) {
                table.add(new Registration(MOUNTD, version, netid, any + ".78." + (80 + version)));
            }
            table.add(new Registration(STATUS, 1, netid, any + ".160.1"));
            table.add(new Registration(YPSERV, 2, netid, any + ".3.133"));
            table.add(new Registration(YPBIND, 2, netid, any + ".3.134"));
            table.add(new Registration(METER, 1, netid, any + ".170.1"));
        }
        // Bound to addresses that are the backend's own affair.
        table.add(new Registration(INNER, 1, "udp", "10.111.0.2.9.1"));
        table.add(new Registration(INNER, 1, "tcp", "127.0.0.1.9.2"));
        table.add(new Registration(INNER, 1, "tcp6", "fd00:111::2.9.3"));
        return table;
    }

    @BeforeAll
    void start(@TempDir Path directory) {
        lab = opened(new Lab(directory));
        lab.proxy().wire("s2", lab.client(), "c2");
        lab.proxy().ip("""
                addr add 10.3.0.1/24 dev s2
                addr add fd00:3::1/64 dev s2 nodad
                link set s2 up
                route add 10.9.0.0/16 via 192.0.2.2
                route add fd00:9::/32 via 2001:db8:a::2
                """);
        lab.client().ip("""
                addr add 10.3.0.2/24 dev c2
                addr add fd00:3::2/64 dev c2 nodad
                link set c2 up
                route add local 10.9.0.0/16 dev lo
                addr add fd00:9:1::1/128 dev lo nodad
                addr add fd00:9:2::1/128 dev lo nodad
                addr add fd00:9:3::1/128 dev lo nodad
                addr add fd00:9:4::1/128 dev lo nodad
                addr add fd00:9:6::1/128 dev lo nodad
                """);
        Rpcbind rpcbind = opened(Rpcbind.start(lab.backend()));
        rpcbind.set(TABLE);
        rpcbind.set(new Registration(300_002, 1, "local", "/run/inner.sock"));
        rpcbind.set(new Registration(300_003, 1, "udp", "/run/inner.sock"));
        // By a process without privilege, whose owner rpcbind does not know.
        Caller within = opened(new Caller(lab.backend()));
        byte[] set = Calls.call(1, 4, SET, rpcb(300_004, 1, "tcp", "10.111.0.2.9.4", "me"));
        assertThat(within.tcp("127.0.0.1", Calls.record(set)).records()).containsExactly(words(1, 1, 0, 0, 0, 0, 1));
        assertThat(new String(rpcbind.dump(), StandardCharsets.ISO_8859_1))
                .contains("superuser", "unknown", "10.111.0.2.9.1", "fd00:111::2.9.3", "/run/inner.sock");
        caller = opened(new Caller(lab.client()));
        for (String device : List.of("c0", "c1", "c2")) {
            captures.add(opened(new Capture(lab.client(), device, "port 111 or port 1111")));
        }
        opened(Rpcward.start(lab.proxy(), POLICY));
    }

    private byte[] overTcp(String source, String to, int port, byte[] call) {
        List<byte[]> replies = caller.tcpLater(
                        source,
                        0,
                        to,
                        port,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        Integer.MAX_VALUE,
                        true,
                        List.of(Calls.record(call)))
                .join()
                .records();
        assertThat(replies).hasSize(1);
        return replies.get(0);
    }

    private byte[] overUdp(String source, String to, int port, byte[] call) {
        return caller.udpLater(source, 0, to, port, Duration.ofSeconds(5), call)
                .join()
                .orFail();
    }

    private static byte[] list(int version) {
        return Calls.call(XID, version, DUMP);
    }

    private static byte[] lookUp(int version, int procedure, int program, int ofVersion) {
        // Long enough for the answer, over UDP too.
        return Calls.call(
                XID, version, procedure, rpcb(program, ofVersion, "tcp", "192.0.2.1.255.255", "a client of some name"));
    }

    /** The rows of rpcward itself, then those of the table that are shown, as they look at the address that was asked. */
    private static List<String> expected(String v4, String v6, Predicate<Registration> shown) {
        List<String> rows = new ArrayList<>();
        for (String netid : List.of("tcp6", "udp6", "tcp", "udp")) {
            boolean isV6 = netid.endsWith("6");
            for (int version = 4; version >= (isV6 ? 3 : 2); version--) {
                Registration own =
                        new Registration(Calls.PROGRAM, version, netid, (isV6 ? "::" : "0.0.0.0") + ".0.111");
                if (shown.test(own)) {
                    rows.add(row(own, own.address()));
                }
            }
        }
        for (Registration r : TABLE) {
            if (shown.test(r)) {
                String inner = r.netid().endsWith("6") ? "fd00:111::2" : "(10.111.0.2|127.0.0.1)";
                rows.add(row(r, r.address().replaceFirst("^" + inner, r.netid().endsWith("6") ? v6 : v4)));
            }
        }
        return rows;
    }

    private static String row(Registration r, String address) {
        return Integer.toUnsignedString(r.program()) + " " + r.version() + " " + r.netid() + " " + address + " ";
    }

    /** The same for version 2 of the protocol. */
    private static List<String> ofVersion2(List<String> rows) {
        return rows.stream()
                .map(row -> row.split(" ", -1))
                .filter(fields -> !fields[2].endsWith("6"))
                .map(fields -> {
                    String[] octets = fields[3].split("\\.", -1);
                    int port = Integer.parseInt(octets[4]) << 8 | Integer.parseInt(octets[5]);
                    return fields[0] + " " + fields[1] + " " + (fields[2].equals("tcp") ? TCP : UDP) + " " + port;
                })
                .toList();
    }

    private static boolean isNfs(Registration r) {
        return Set.of(Calls.PROGRAM, NFS, MOUNTD, STATUS).contains(r.program());
    }

    private static boolean isNis(Registration r) {
        return Set.of(Calls.PROGRAM, YPSERV, YPBIND).contains(r.program());
    }

    /** The one row that is not in the table: its owner is not root. */
    private static List<String> with(List<String> rows, String more) {
        return Stream.concat(rows.stream(), Stream.of(more)).toList();
    }

    /** What three clients see, each at the address that it asks. */
    private record Seen(String host, List<String> rows, int visible, int hidden) {}

    private static List<Seen> threeClients() {
        return List.of(
                new Seen(Lab.PROXY_V4, expected(Lab.PROXY_V4, Lab.PROXY_V6, ViewsIT::isNfs), MOUNTD, YPSERV),
                new Seen(Lab.PROXY_V6, expected(Lab.PROXY_V4, Lab.PROXY_V6, ViewsIT::isNfs), MOUNTD, METER),
                new Seen(
                        Lab.PROXY_OTHER_V4,
                        expected(Lab.PROXY_OTHER_V4, Lab.PROXY_OTHER_V6, ViewsIT::isNis),
                        YPSERV,
                        MOUNTD),
                new Seen(
                        Lab.PROXY_OTHER_V6,
                        expected(Lab.PROXY_OTHER_V4, Lab.PROXY_OTHER_V6, ViewsIT::isNis),
                        YPBIND,
                        NFS),
                new Seen(
                        AUDITED_V4,
                        with(expected(AUDITED_V4, AUDITED_V6, r -> true), "300004 1 tcp 10.3.0.1.9.4 "),
                        METER,
                        ABSENT),
                new Seen(
                        AUDITED_V6,
                        with(expected(AUDITED_V4, AUDITED_V6, r -> true), "300004 1 tcp 10.3.0.1.9.4 "),
                        METER,
                        ABSENT));
    }

    @Test
    void threeClientsSeeThreeHostsAtTheSameTime() {
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (Seen seen : threeClients()) {
            all.add(CompletableFuture.runAsync(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                    for (int port : PORTS) {
                        assertSees(seen, port);
                    }
                }
            }));
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
    }

    private void assertSees(Seen seen, int port) {
        String any = Caller.ANY_SOURCE;
        String at = seen.host() + " port " + port;
        for (int version = 3; version <= 4; version++) {
            assertThat(Listings.rows(overTcp(any, seen.host(), port, list(version))))
                    .as(at)
                    .isEqualTo(seen.rows());
        }
        assertThat(Listings.rowsOfVersion2(overTcp(any, seen.host(), port, list(2))))
                .as(at)
                .isEqualTo(ofVersion2(seen.rows()));
        String family = seen.host().contains(":") ? "6" : "";
        for (String transport : List.of("udp", "tcp")) {
            for (int program : new int[] {seen.visible(), seen.hidden()}) {
                List<String> found = seen.rows().stream()
                        .filter(row -> row.startsWith(Integer.toUnsignedString(program) + " ")
                                && row.contains(" " + transport + family + " "))
                        .map(row -> row.split(" ", -1)[3])
                        .toList();
                String last = found.isEmpty() ? "" : found.get(found.size() - 1);
                String address = last.replaceFirst("^(::|0\\.0\\.0\\.0)(?=\\.)", seen.host());
                // No version 99: the last one that is registered.
                byte[] call = lookUp(4, LOOKUP, program, 99);
                byte[] reply = transport.equals("udp")
                        ? overUdp(any, seen.host(), port, call)
                        : overTcp(any, seen.host(), port, call);
                assertThat(reply)
                        .as(at + " " + transport + " " + program)
                        .isEqualTo(Calls.concat(words(XID, 1, 0, 0, 0, 0), Calls.text(address)));
            }
        }
        byte[] visible = overTcp(any, seen.host(), port, lookUp(4, GETADDRLIST, seen.visible(), 1));
        byte[] hidden = overTcp(any, seen.host(), port, lookUp(4, GETADDRLIST, seen.hidden(), 1));
        boolean hasVersion1 = seen.visible() == MOUNTD || seen.visible() == METER;
        assertThat(visible.length > 100).as(at).isEqualTo(hasVersion1);
        assertThat(hidden).as(at).isEqualTo(words(XID, 1, 0, 0, 0, 0, 0));
    }

    @Test
    void rpcinfoShowsEachOfThemItsOwnHost() {
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (Seen seen : threeClients()) {
            all.add(CompletableFuture.runAsync(() -> {
                for (int round = 0; round < ROUNDS / 2; round++) {
                    assertThat(rpcinfo("-p", seen.host()))
                            .as("rpcinfo -p " + seen.host())
                            .isEqualTo(new TreeSet<>(ofVersion2(seen.rows())));
                    assertThat(programs(rpcinfoLines("-s", seen.host())))
                            .as("rpcinfo -s " + seen.host())
                            .isEqualTo(programs(seen.rows()));
                }
            }));
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
    }

    private List<String> rpcinfoLines(String option, String host) {
        Host.Finished finished =
                lab.client().run(List.of("rpcinfo", option, host)).orFail();
        return finished.output()
                .lines()
                .skip(1)
                .map(line -> line.strip().replaceAll(" +", " "))
                .toList();
    }

    /** The rows of a listing by rpcinfo, as {@link Listings#rowsOfVersion2} has them. */
    private Set<String> rpcinfo(String option, String host) {
        return rpcinfoLines(option, host).stream()
                .map(line -> line.split(" ", -1))
                .map(f -> f[0] + " " + f[1] + " " + (f[2].equals("tcp") ? TCP : UDP) + " " + f[3])
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> programs(List<String> rows) {
        return rows.stream()
                .map(row -> row.substring(0, row.indexOf(' ')))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void aSummaryByRpcinfoNamesNoOwner() {
        assertThat(rpcinfoLines("-s", AUDITED_V4)).noneMatch(line -> line.contains("superuser"));
    }

    @ParameterizedTest
    @ValueSource(ints = {MIRRORING, FORWARDING})
    void withoutAViewAListingOfVersion2IsWhatCanBeLookedUpOneByOne(int port) {
        String picker = "10.9.2.1";
        List<String> found = new ArrayList<>();
        for (String row : ofVersion2(expected(Lab.PROXY_V4, Lab.PROXY_V6, r -> true))) {
            int[] fields = Arrays.stream(row.split(" ", -1))
                    .mapToInt(Integer::parseUnsignedInt)
                    .toArray();
            byte[] call = getPort(XID, fields[0], fields[1], fields[2]);
            byte[] overTcp = overTcp(picker, Lab.PROXY_V4, port, call);
            assertThat(overUdp(picker, Lab.PROXY_V4, port, call)).isEqualTo(overTcp);
            if (Calls.word(overTcp, 6) != 0) {
                assertThat(Calls.word(overTcp, 6)).isEqualTo(fields[3]);
                found.add(row);
            }
        }

        assertThat(Listings.rowsOfVersion2(overTcp(picker, Lab.PROXY_V4, port, list(2))))
                .isEqualTo(found);
        assertThat(programs(found))
                .containsExactlyInAnyOrder(Integer.toString(NFS), Integer.toString(MOUNTD), Integer.toString(YPSERV));
    }

    @ParameterizedTest
    @CsvSource({"3, 111", "4, 111", "3, 1111", "4, 1111"})
    void withoutAViewAListingIsWhatCanBeLookedUpOneByOne(int version, int port) {
        List<String> found = new ArrayList<>();
        for (String row : expected(Lab.PROXY_V4, Lab.PROXY_V6, r -> true)) {
            String[] fields = row.split(" ", -1);
            boolean isV6 = fields[2].endsWith("6");
            String source = isV6 ? "fd00:9:2::1" : "10.9.2.1";
            String to = isV6 ? Lab.PROXY_V6 : Lab.PROXY_V4;
            byte[] call =
                    lookUp(version, LOOKUP, Integer.parseUnsignedInt(fields[0]), Integer.parseUnsignedInt(fields[1]));
            byte[] reply =
                    fields[2].startsWith("udp") ? overUdp(source, to, port, call) : overTcp(source, to, port, call);
            if (Calls.word(reply, 6) != 0) {
                String address = fields[3].replaceFirst("^(::|0\\.0\\.0\\.0)(?=\\.)", to);
                assertThat(reply).isEqualTo(Calls.concat(words(XID, 1, 0, 0, 0, 0), Calls.text(address)));
                found.add(row);
            }
        }

        assertThat(Listings.rows(overTcp("10.9.2.1", Lab.PROXY_V4, port, list(version))))
                .isEqualTo(found);
        assertThat(Listings.rows(overTcp("fd00:9:2::1", Lab.PROXY_V6, port, list(version))))
                .isEqualTo(found);
        assertThat(programs(found))
                .containsExactlyInAnyOrder(Integer.toString(NFS), Integer.toString(MOUNTD), Integer.toString(STATUS));
    }

    /** Its lookups go through a view, so the listing, which has none, must show no more. */
    @ParameterizedTest
    @ValueSource(ints = {MIRRORING, FORWARDING})
    void withoutAViewAListingShowsNothingThatTheViewOfALookupHides(int port) {
        byte[] call = lookUp(4, LOOKUP, YPSERV, 2);
        assertThat(overTcp("10.9.3.1", Lab.PROXY_V4, port, call)).isEqualTo(words(XID, 1, 0, 0, 0, 0, 0));

        List<String> rows = Listings.rows(overTcp("10.9.3.1", Lab.PROXY_V4, port, list(4)));

        assertThat(rows).isEqualTo(expected(Lab.PROXY_V4, Lab.PROXY_V6, ViewsIT::isNfs));
    }

    @Test
    void theViewEverythingShowsItAllToAClientThatMayLookUpNothing() {
        byte[] call = lookUp(4, LOOKUP, NFS, 3);
        List<String> all = with(expected(Lab.PROXY_V4, Lab.PROXY_V6, r -> true), "300004 1 tcp 192.0.2.1.9.4 ");

        assertThat(overTcp("10.9.4.1", Lab.PROXY_V4, 111, call)).isEqualTo(words(XID, 1, 0, 0, 0, 0, 0));
        assertThat(Listings.rows(overTcp("10.9.4.1", Lab.PROXY_V4, 111, list(4))))
                .isEqualTo(all);
        assertThat(Listings.rowsOfVersion2(overTcp("10.9.4.1", Lab.PROXY_V4, 111, list(2))))
                .isEqualTo(ofVersion2(all));
    }

    @Test
    void aListingHasTheRowsThatItsViewAllowsAtMostAndAsManyAsThereAre() {
        List<String> all = expected(Lab.PROXY_V4, Lab.PROXY_V6, r -> true);

        assertThat(Listings.rows(overTcp("10.9.5.1", Lab.PROXY_V4, 111, list(3))))
                .isEqualTo(all.subList(0, 3));
        assertThat(Listings.rows(overTcp("10.9.5.1", Lab.PROXY_V4, 111, list(4))))
                .isEqualTo(all.subList(0, 3));
        // The first rows are of IPv6, which version 2 does not know.
        assertThat(Listings.rowsOfVersion2(overTcp("10.9.5.1", Lab.PROXY_V4, 111, list(2))))
                .isEqualTo(ofVersion2(all).subList(0, 3));
        assertThat(overTcp("10.9.5.1", Lab.PROXY_V4, 111, getPort(XID, METER, 1, TCP)))
                .isEqualTo(words(XID, 1, 0, 0, 0, 0, 0xaa01));
    }

    @Test
    void aViewOfOneNetidShowsNoOther() {
        List<String> shown =
                with(expected(Lab.PROXY_V4, Lab.PROXY_V6, r -> r.netid().equals("tcp")), "300004 1 tcp 192.0.2.1.9.4 ");

        assertThat(Listings.rows(overTcp("10.9.6.1", Lab.PROXY_V4, 111, list(4))))
                .isEqualTo(shown);
        assertThat(Calls.word(overTcp("10.9.6.1", Lab.PROXY_V4, 111, getPort(XID, NFS, 3, TCP)), 6))
                .isEqualTo(2049);
        assertThat(Calls.word(overTcp("10.9.6.1", Lab.PROXY_V4, 111, getPort(XID, NFS, 3, UDP)), 6))
                .isZero();
        assertThat(Calls.word(overUdp("fd00:9:6::1", Lab.PROXY_V6, 111, lookUp(4, LOOKUP, NFS, 3)), 6))
                .isZero();
    }

    /** The calls that ask about a program, by name. */
    private static Map<String, byte[]> lookups(int program, int version) {
        Map<String, byte[]> calls = new LinkedHashMap<>();
        calls.put("GETPORT tcp", getPort(XID, program, version, TCP));
        calls.put("GETPORT udp", getPort(XID, program, version, UDP));
        for (int protocol = 3; protocol <= 4; protocol++) {
            calls.put("GETADDR v" + protocol, lookUp(protocol, LOOKUP, program, version));
        }
        calls.put("GETVERSADDR", lookUp(4, GETVERSADDR, program, version));
        calls.put("GETADDRLIST", lookUp(4, GETADDRLIST, program, version));
        return calls;
    }

    @ParameterizedTest
    @CsvSource({
        "10.9.1.1,     192.0.2.1",
        "fd00:9:1::1,  2001:db8:a::1",
        "10.9.3.1,     192.0.2.1",
        "fd00:9:3::1,  2001:db8:a::1",
        "10.9.4.1,     192.0.2.1",
        "fd00:9:4::1,  2001:db8:a::1",
        "192.0.2.2,    192.0.2.1",
        "2001:db8:a::2, 2001:db8:a::1",
    })
    void whatIsHiddenIsAnsweredInTheBytesOfWhatIsAbsent(String source, String to) {
        for (int port : PORTS) {
            for (int version : new int[] {1, 2, 99}) {
                Map<String, byte[]> absent = lookups(ABSENT, version);
                for (int hidden : new int[] {YPSERV, YPBIND, METER, INNER, 300_002, 300_003, 300_004}) {
                    lookups(hidden, version).forEach((name, call) -> {
                        String what = name + " of " + hidden + " version " + version + " at port " + port;
                        byte[] nothing = words(XID, 1, 0, 0, 0, 0, 0);
                        assertThat(overUdp(source, to, port, call)).as(what).isEqualTo(nothing);
                        assertThat(overTcp(source, to, port, call)).as(what).isEqualTo(nothing);
                        byte[] other = absent.getOrDefault(name, call);
                        assertThat(overUdp(source, to, port, other)).as(what).isEqualTo(nothing);
                        assertThat(overTcp(source, to, port, other)).as(what).isEqualTo(nothing);
                    });
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"10.9.1.1, 192.0.2.1", "fd00:9:1::1, 2001:db8:a::1"})
    void aHiddenListingIsEmpty(String source, String to) {
        for (int port : PORTS) {
            for (int version = 2; version <= 4; version++) {
                byte[] nothing = words(XID, 1, 0, 0, 0, 0, 0);
                assertThat(overUdp(source, to, port, list(version))).isEqualTo(nothing);
                assertThat(overTcp(source, to, port, list(version))).isEqualTo(nothing);
            }
        }
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void noReplyEverHadAnOwnerASocketOrAnAddressOfTheBackends() {
        List<Pcap.Packet> packets =
                captures.stream().flatMap(c -> c.packets().stream()).toList();
        List<byte[]> replies = new ArrayList<>();
        for (Pcap.Packet p : packets) {
            if (!p.isTcp() && isRpcward(p.from().getPort())) {
                replies.add(p.payload());
            }
        }
        Pcap.streams(packets).forEach((flow, bytes) -> {
            if (isRpcward(flow.from().getPort())) {
                replies.add(bytes);
            }
        });

        assertThat(replies).hasSizeGreaterThan(1000);
        List<String> texts = replies.stream()
                .map(r -> new String(r, StandardCharsets.ISO_8859_1))
                .toList();
        String binary = new String(new byte[] {10, 111, 0, 2}, StandardCharsets.ISO_8859_1);
        for (String secret : List.of(
                "10.111.0", "fd00:111", "127.0.0.1", "superuser", "unknown", "/run", "inner.sock", "local", binary)) {
            assertThat(texts.stream().filter(t -> t.contains(secret)).count())
                    .as("replies with '%s' in them", secret)
                    .isZero();
        }
    }

    private static boolean isRpcward(int port) {
        return port == MIRRORING || port == FORWARDING;
    }
}

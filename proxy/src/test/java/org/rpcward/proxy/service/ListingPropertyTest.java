package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.CallBytes.call;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.registry.Registry;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/** Whatever the policy: a listing without a view shows a client exactly the rows that the client finds one by one. */
class ListingPropertyTest {
    private static final int POLICIES = 120;
    private static final long SEED = 100_000;
    private static final String[] SOURCES = {"198.51.100.7", "198.51.100.200", "203.0.113.9"};
    private static final String[] PROGRAMS = {"nfs", "mountd", "nfs/3", "mountd/1-2", "portmapper", "[nfs, nlockmgr/4]"
    };

    private final Random random = new Random(SEED);

    @Test
    void aListingShowsWhatLookupsFind() {
        PortmapService service = null;
        int shown = 0;
        for (int i = 0; i < POLICIES; i++) {
            List<Mapping> rows = rows();
            Policy policy = policy();
            FakeDirectory directory = FakeDirectory.of(rows.toArray(Mapping[]::new));
            if (service == null) {
                service = Services.of(
                        Policies.serving(policy, directory),
                        InstantSource.fixed(Instant.EPOCH),
                        new RecordingObserver());
            } else {
                service.replace(Policies.serving(policy, directory));
            }
            List<Mapping> all = Registry.of(rows, List.of()).rows();
            for (String source : SOURCES) {
                for (Transport transport : Transport.values()) {
                    shown += compare(service, policy, all, source, transport);
                }
            }
        }
        // Otherwise nothing was compared.
        assertThat(shown).isGreaterThan(POLICIES);
    }

    private static int compare(
            PortmapService service, Policy policy, List<Mapping> all, String source, Transport transport) {
        String[] listing = ask(service, source, transport, call(2, 4));
        Set<Integer> found = new HashSet<>();
        Set<Integer> listed = new HashSet<>();
        for (Mapping row : all) {
            Netid netid = row.known();
            if (netid != null && netid.isV4()) {
                String[] reply = ask(
                        service,
                        source,
                        transport,
                        call(2, 3).mapping(row.program(), row.version(), netid.ipProtocol(), 0));
                if (reply.length == 7 && Integer.parseInt(reply[6], 16) == row.port()) {
                    found.add(row.hashCode());
                }
            }
        }
        if (listing.length < 6) {
            return 0;
        }
        for (int i = 6; listing[i].equals("00000001"); i += 5) {
            for (Mapping row : all) {
                Netid netid = row.known();
                if (netid != null
                        && netid.isV4()
                        && number(listing[i + 1]) == row.program()
                        && number(listing[i + 2]) == row.version()
                        && number(listing[i + 3]) == netid.ipProtocol()) {
                    assertThat(number(listing[i + 4])).isEqualTo(row.port());
                    listed.add(row.hashCode());
                }
            }
        }
        assertThat(listed)
                .as("%s over %s of%n%s", source, transport, policy.rules())
                .isEqualTo(found);
        return listed.size();
    }

    private static int number(String word) {
        return Integer.parseUnsignedInt(word, 16);
    }

    private static String[] ask(PortmapService service, String source, Transport transport, CallBytes call) {
        RecordingExchange exchange = RecordingExchange.of(transport, call).from(source);
        service.handle(exchange);
        return exchange.outcome().split(" ", -1);
    }

    /** Registrations with a port of their own each, so that a port tells which of them was found. */
    private List<Mapping> rows() {
        List<Mapping> rows = new ArrayList<>();
        int port = 1000;
        for (int program : new int[] {100_003, 100_005, 100_021}) {
            for (int version = 1; version <= 4; version++) {
                for (Netid netid : Netid.values()) {
                    if (random.nextInt(3) > 0) {
                        rows.add(Mapping.anywhere(program, version, netid, ++port));
                    }
                }
            }
        }
        return rows;
    }

    private Policy policy() {
        StringBuilder text = new StringBuilder("""
                amplification: { udp: 100 }
                views:
                  one: { programs: nfs }
                  two: { programs: [mountd/1-3, portmapper], netids: [udp] }
                rules:
                """);
        int rules = 1 + random.nextInt(4);
        for (int i = 0; i < rules; i++) {
            String verdict = pick("allow", "allow", "allow", "hide", "refuse", "drop");
            text.append("  - name: rule").append(i).append('\n');
            text.append("    from: ")
                    .append(pick("any", "198.51.100.0/24", "198.51.100.0/25"))
                    .append('\n');
            text.append("    call: ")
                    .append(pick("lookup", "lookup", "getport", "[getport, getaddr]"))
                    .append('\n');
            text.append("    then: ").append(verdict).append('\n');
            if (random.nextBoolean()) {
                text.append("    program: ").append(pick(PROGRAMS)).append('\n');
            }
            if (random.nextInt(4) == 0) {
                text.append("    over: ").append(pick("udp", "tcp")).append('\n');
            }
            if (verdict.equals("allow") && random.nextInt(3) == 0) {
                text.append("    view: ").append(pick("one", "two")).append('\n');
            }
            if (random.nextInt(8) == 0) {
                text.append("    mode: audit\n");
            }
        }
        text.append("  - { name: list, from: any, call: list, then: allow }\n");
        text.append("default: ").append(pick("allow", "hide", "refuse", "drop")).append('\n');
        return Policies.of(text.toString());
    }

    private String pick(String... words) {
        return words[random.nextInt(words.length)];
    }
}

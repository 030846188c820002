package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.GoldenFile;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/** Every verdict for every procedure in every version over both transports, byte by byte. */
class VerdictTableTest {
    private static final FakeDirectory DIRECTORY = FakeDirectory.of(
            Mapping.anywhere(100_003, 3, Netid.TCP, 2049),
            Mapping.anywhere(100_003, 3, Netid.UDP, 2049),
            Mapping.anywhere(100_005, 3, Netid.TCP, 20048),
            Mapping.anywhere(100_005, 3, Netid.UDP, 20048));

    private static final Map<String, Policy> POLICIES = Map.of(
            "allow", Policies.of("""
                    amplification: { udp: 100 }
                    views: { nfs-only: { programs: nfs } }
                    rules:
                      - name: all
                        from: any
                        call: [ping, lookup, list, time, convert, stats]
                        view: nfs-only
                        then: allow
                    """),
            "hide", everything("hide"),
            "refuse", everything("refuse"),
            "drop", everything("drop"));

    private static Policy everything(String verdict) {
        return Policies.of("""
                rules:
                  - { name: builtin/strangers, from: any, call: ping, then: VERDICT }
                  - { name: builtin/register, from: any, call: register, then: VERDICT }
                  - { name: builtin/indirect, from: any, call: indirect, then: VERDICT }
                  - { name: all, from: any, then: VERDICT }
                """.replace("VERDICT", verdict));
    }

    record Row(Verdict verdict, Procedure procedure, int protocol, Transport transport, String wanted) {}

    static Stream<Row> rows() {
        return GoldenFile.rows("verdicts.txt").flatMap(VerdictTableTest::expanded);
    }

    private static Stream<Row> expanded(List<String> fields) {
        Verdict verdict = Verdict.ofWord(fields.get(0)).orElseThrow();
        Procedure procedure = Procedure.valueOf(fields.get(1));
        String[] versions = fields.get(2).split("-", -1);
        List<Row> rows = new ArrayList<>();
        int last = Integer.parseInt(versions[versions.length - 1]);
        for (int protocol = Integer.parseInt(versions[0]); protocol <= last; protocol++) {
            String udp = fields.get(3);
            rows.add(new Row(verdict, procedure, protocol, Transport.UDP, udp));
            String tcp = fields.get(4).equals("=") ? udp : fields.get(4);
            rows.add(new Row(verdict, procedure, protocol, Transport.TCP, tcp));
        }
        return rows.stream();
    }

    @ParameterizedTest
    @MethodSource
    void rows(Row row) {
        Policy policy = POLICIES.get(row.verdict().word());
        assertThat(policy).isNotNull();
        if (policy != null) {
            PortmapService service = Services.of(
                    Policies.serving(policy, DIRECTORY),
                    InstantSource.fixed(Instant.parse("2026-11-01T12:00:00Z")),
                    new RecordingObserver());
            RecordingExchange exchange =
                    RecordingExchange.of(row.transport(), CallBytes.of(row.procedure(), row.protocol()));
            service.handle(exchange);

            assertThat(exchange.outcome()).isEqualTo(bytes(row.wanted()));
        }
    }

    /** The bytes of a reply from its short form. */
    private static String bytes(String wanted) {
        String[] words = wanted.split(" ", 3);
        String xid = Hex.word(CallBytes.XID);
        String rest = words.length < 3 ? "" : " " + words[2];
        return switch (words[0]) {
            case "accepted" ->
                xid + " 00000001 00000000 00000000 00000000 " + Hex.word(Integer.parseInt(words[1])) + rest;
            case "denied" -> xid + " 00000001 00000001 00000001 " + Hex.word(Integer.parseInt(words[1]));
            default -> wanted;
        };
    }

    @Test
    void theTableIsComplete() {
        List<String> cells = new ArrayList<>();
        for (Verdict verdict : Verdict.values()) {
            for (Procedure procedure : Procedure.values()) {
                for (int protocol = 2; protocol <= 4; protocol++) {
                    if (procedure.existsIn(protocol)) {
                        cells.add(verdict.name().toLowerCase(Locale.ROOT) + procedure + protocol + Transport.UDP);
                        cells.add(verdict.name().toLowerCase(Locale.ROOT) + procedure + protocol + Transport.TCP);
                    }
                }
            }
        }
        assertThat(rows().map(r -> r.verdict().word() + r.procedure() + r.protocol() + r.transport()))
                .containsExactlyInAnyOrderElementsOf(cells);
    }
}

package org.rpcward.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

class PolicySchemaTest {
    private static final Path EXAMPLES = Path.of("../policy/examples");
    private static final Path GOOD = Path.of("../policy/src/test/resources/good");

    private static final String GOOD_POLICY = """
            version: 1
            mode: audit
            listeners: { lan: { bind: [external, eth0], port: 111, tcp: { idle: 15s, max_record: 4KiB } } }
            backends:
              legacy:
                address: [127.0.0.1, "[::1]:111"]
                fresh: 5s
                health: { rise: 2, fall: 3 }
                expect: [{ program: nfs, version: 3, netid: [tcp, udp], port: 2049, then: serve }]
            groups: { a: [10.0.0.0/8], b: { file: b.txt, except: 10.0.0.1 } }
            programs: { family: [nfs, 0x20000042] }
            views: { family: { programs: family, netids: tcp, max_rows: 10 } }
            limits:
              a: { rate: 50/s, burst: 200, per: prefix, prefix: { v4: 20 }, rollup: 3 }
              b: { rate: 20KiB/min, burst: 1MiB, in: reply-bytes, over: hide, mode: audit }
            enumeration: { throttle_at: 10, ban_at: never }
            bans: { never: [a, 10.0.0.1], first: 60s, factor: 1.5, longest: 7d }
            rules:
              - { name: a, limit: [a, b], from: [a, b], call: [lookup, null], program: family, protocol: [2, 3], over: any, then: allow,
                  not: { from: 10.0.0.2 }, view: family, over_udp: full }
            default: drop
            amplification: { udp: 1.5 }
            log: { format: json, allow: 1/1000, deny: { one_per: 10s } }
            """;

    private static JsonSchema schema() throws IOException {
        StringWriter text = new StringWriter();
        PolicySchema.write(text);
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(text.toString());
    }

    private static Set<ValidationMessage> problems(String policy) throws IOException {
        JsonNode tree = new ObjectMapper().valueToTree(new Yaml().load(policy));
        return schema().validate(tree);
    }

    static List<Path> policies() throws IOException {
        try (Stream<Path> examples = Files.list(EXAMPLES);
                Stream<Path> good = Files.list(GOOD)) {
            return Stream.concat(examples, good)
                    .filter(p -> p.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void findsNothingInPoliciesThatAreGood(Path policy) throws IOException {
        assertThat(problems(Files.readString(policy))).isEmpty();
    }

    @Test
    void findsNothingInAPolicyWithEveryKindOfValue() throws IOException {
        assertThat(problems(GOOD_POLICY)).isEmpty();
    }

    /** YAML 1.1 reads off as false. */
    @ParameterizedTest
    @ValueSource(strings = {"off", "\"off\"", "{}", "{ ban_at: 7 }"})
    void knowsBothFormsOfEnumeration(String form) throws IOException {
        assertThat(problems(GOOD_POLICY.replace("{ throttle_at: 10, ban_at: never }", form)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "version: 1 -> version: 2",
                "mode: audit -> mode: watch",
                "port: 111 -> port: 70000",
                "idle: 15s -> idle: 15",
                "max_record: 4KiB -> max_record: 4 kilobytes",
                "fresh: 5s -> freshness: 5s",
                "rise: 2 -> rise: 0",
                "then: serve -> then: server",
                "netid: [tcp, udp] -> netid: [sctp]",
                "max_rows: 10 -> max_rows: many",
                "protocol: [2, 3] -> protocol: [1]",
                "over: any -> over: sctp",
                "then: allow -> than: allow",
                "udp: 1.5 -> udp: 1000",
                "rate: 50/s -> rate: 50",
                "per: prefix -> per: client",
                "enumeration: { throttle_at: 10, ban_at: never } -> enumeration: on",
                "ban_at: never -> ban_at: often",
                "first: 60s -> first: 60",
                "name: a, -> ",
                "bind: [external, eth0], -> ",
            })
    void findsMistakes(String change) throws IOException {
        String[] sides = change.split(" ?-> ?", -1);
        assertThat(GOOD_POLICY).contains(sides[0]);
        assertThat(problems(GOOD_POLICY.replace(sides[0], sides[1]))).isNotEmpty();
    }
}

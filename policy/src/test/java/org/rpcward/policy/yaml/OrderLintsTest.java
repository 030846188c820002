package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;

/** "Never reached" and "can never match", against every call that could make a difference. */
class OrderLintsTest {
    private static final String[] PREFIXES = {
        "10.0.0.0/8",
        "10.0.0.0/24",
        "10.0.0.0/25",
        "10.0.0.128/25",
        "10.0.1.0/24",
        "192.0.2.0/24",
        "\"2001:db8::/32\"",
        "any"
    };
    private static final String[] SOURCES = {
        "10.0.0.1", "10.0.0.200", "10.0.1.1", "10.9.9.9", "192.0.2.1", "198.51.100.1", "2001:db8::1", "::1"
    };
    private static final String[] CALLS = {"lookup", "list", "ping", "getport", "getaddr", "register", "time", "any"};
    private static final String[] PROGRAMS = {"nfs", "nfs/3", "nfs/2-4", "mountd", "[nfs, mountd]", "any"};
    private static final String[] VERDICTS = {"allow", "hide", "refuse", "drop"};

    @Test
    void warnsExactlyOfRulesThatDecideNothing() {
        RandomGenerator random = new java.util.Random(5);
        int unreachable = 0;
        for (int round = 0; round < 1500; round++) {
            String text = TestFiles.FRAME + "rules:\n" + randomRules(random, 2 + random.nextInt(6));
            LoadResult result = TestFiles.load(text);
            Policy policy = result.policy();
            assertThat(policy).as(text).isNotNull();
            if (policy == null) {
                return;
            }
            Set<String> warned = new TreeSet<>();
            for (Problem p : result.problems()) {
                boolean idle =
                        p.code().equals(Code.UNREACHABLE.text()) || p.code().equals(Code.NEVER_MATCHES.text());
                if (idle) {
                    warned.add(p.text().replaceFirst("rule '(\\w+)'.*", "$1"));
                }
            }
            Set<String> idle = new TreeSet<>();
            policy.rules().rules().stream()
                    .filter(r -> !r.isBuiltin())
                    .map(Rule::name)
                    .forEach(idle::add);
            idle.removeAll(deciders(policy));
            assertThat(warned).as(text).isEqualTo(idle);
            unreachable += warned.size();
        }
        assertThat(unreachable).isGreaterThan(500);
    }

    private static String randomRules(RandomGenerator random, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append("  - { name: r").append(i).append(", from: ").append(pick(random, PREFIXES));
            String call = pick(random, CALLS);
            String then = call.equals("register") ? "refuse" : pick(random, VERDICTS);
            if (random.nextInt(3) > 0) {
                text.append(", call: ").append(call);
            }
            if (random.nextInt(3) == 0) {
                text.append(", program: ").append(pick(random, PROGRAMS));
            }
            if (random.nextInt(4) == 0) {
                text.append(", over: ").append(pick(random, "udp", "tcp"));
            }
            if (random.nextInt(5) == 0) {
                text.append(", protocol: ").append(pick(random, "2", "[3, 4]", "4"));
            }
            if (random.nextInt(4) == 0) {
                text.append(", not: { ")
                        .append(pick(random, "from: 10.0.0.0/25", "program: nfs", "over: tcp", "call: list"));
                text.append(" }");
            }
            text.append(", then: ").append(then).append(" }\n");
        }
        return text.toString();
    }

    private static String pick(RandomGenerator random, String... from) {
        return from[random.nextInt(from.length)];
    }

    /** The names of rules that decide some call. */
    private static Set<String> deciders(Policy policy) {
        Set<String> names = new HashSet<>();
        for (Query query : allQueries()) {
            names.add(policy.rules().decide(query).rule().name());
        }
        return names;
    }

    private static List<Query> allQueries() {
        List<Query> queries = new ArrayList<>();
        BitSet versions = BitSet.valueOf(new long[] {0b111110});
        for (String source : SOURCES) {
            IpAddress address = IpAddress.parse(source).orElseThrow();
            for (Procedure p : Procedure.values()) {
                for (int protocol = p.oldestProtocol(); protocol <= p.newestProtocol(); protocol++) {
                    for (Transport t : Transport.values()) {
                        for (int program : new int[] {100_003, 100_005, 7}) {
                            int spoken = protocol;
                            IntConsumer add = v -> queries.add(new Query(address, t, spoken, p, program, v));
                            versions.stream().forEach(add);
                        }
                    }
                }
            }
        }
        return queries;
    }

    @Test
    void readsTenThousandRulesInTime() {
        StringBuilder text = new StringBuilder(TestFiles.FRAME).append("limits: { some: { rate: 50/s } }\nrules:\n");
        for (int i = 0; i < RulesReader.MOST_RULES; i++) {
            text.append("- {name: r")
                    .append(i)
                    .append(", from: 10.")
                    .append(i / 250)
                    .append('.')
                    .append(i % 250);
            text.append(".0/24, call: lookup, program: ")
                    .append(100_000 + i % 50)
                    .append(", limit: some, then: allow}\n");
        }
        org.junit.jupiter.api.Assertions.assertTimeout(
                java.time.Duration.ofMinutes(1),
                () -> assertThat(TestFiles.load(text.toString()).problems()).isEmpty());
    }
}

package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Builtin;
import org.rpcward.policy.Clause;
import org.rpcward.policy.Decision;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.LogPolicy;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.View;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Programs;
import org.rpcward.policy.rpc.Transport;

class PolicyLoaderTest {
    private static final String RULE = """
            limits: { some: { rate: 50/s } }
            rules:
              - { name: lan looks up, from: 10.1.0.0/24, call: lookup, then: allow, limit: some }
            """;

    private static IpAddress ip(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    private static Query lookup(String source, int program, int version) {
        return new Query(ip(source), Transport.UDP, 2, Procedure.GETPORT, program, version);
    }

    private static Verdict verdict(Policy policy, Query query) {
        return policy.rules().decide(query).verdict();
    }

    @Test
    void fillsInEveryDefault() {
        Policy policy = TestFiles.policy(TestFiles.FRAME + RULE);
        assertThat(policy.mode()).isEqualTo(Mode.ENFORCE);
        assertThat(policy.amplification()).isEqualTo(1.0);
        assertThat(policy.log()).isEqualTo(LogPolicy.DEFAULT);
        assertThat(policy.views()).containsOnlyKeys(View.EVERYTHING);
        assertThat(policy.revision()).matches("[0-9a-f]{8}");
        ListenerPolicy lan = Objects.requireNonNull(policy.listeners().get("lan"));
        assertThat(lan.bind()).containsExactly("external");
        assertThat(lan.port()).isEqualTo(111);
        assertThat(lan.transports()).isEqualTo(EnumSet.allOf(Transport.class));
        assertThat(lan.backend()).isEqualTo("legacy");
        assertThat(lan.workers()).isZero();
        assertThat(lan.advertise()).isEmpty();
        assertThat(lan.tcp()).isEqualTo(ListenerPolicy.Tcp.DEFAULT);
        BackendPolicy legacy = Objects.requireNonNull(policy.backends().get("legacy"));
        assertThat(legacy.endpoints()).containsExactly(new BackendPolicy.Endpoint(ip("127.0.0.1"), 111));
        assertThat(legacy.answers()).isEqualTo(BackendPolicy.Answers.MIRROR);
        assertThat(legacy.fresh()).isEqualTo(Duration.ofSeconds(5));
        assertThat(legacy.stale()).isEqualTo(Duration.ofMinutes(10));
        assertThat(legacy.retry()).isEqualTo(Duration.ofSeconds(1));
        assertThat(legacy.timeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(policy.rules().defaultRule().then()).isEqualTo(Verdict.DROP);
        assertThat(policy.rules().rules())
                .extracting(Rule::name)
                .containsExactly(
                        Builtin.STRANGERS,
                        Builtin.REGISTER,
                        Builtin.INDIRECT,
                        "lan looks up",
                        Builtin.PING,
                        Builtin.PORTMAPPER);
    }

    @Test
    void anEmptyTcpMappingHasTheSameDefaultsAsNone() {
        Policy policy = TestFiles.policy(TestFiles.FRAME.replace("external\n", "external\n    tcp: {}\n") + RULE);
        assertThat(Objects.requireNonNull(policy.listeners().get("lan")).tcp()).isEqualTo(ListenerPolicy.Tcp.DEFAULT);
        assertThat(TestFiles.policy(TestFiles.FRAME + RULE + "log: { deny: {} }\n")
                        .log())
                .isEqualTo(LogPolicy.DEFAULT);
    }

    @Test
    void readsEveryKey() {
        Policy policy = TestFiles.policy("""
                version: 1
                mode: audit
                listeners:
                  lan:
                    bind: [external, eth0.100, "::1", 2001:DB8::1]
                    port: 1111
                    transports: tcp
                    backend: table
                    workers: 3
                    advertise: [192.0.2.7, "2001:db8::7"]
                    tcp: { max_connections: 10, max_per_source: 2, idle: 1m, first_record: 250ms, max_record: 2KiB, max_pipelined: 1, max_per_prefix: 3,
                           new_per_second: 40, new_per_source: 5, new_per_prefix: 6, record: 750ms, life: 1d, max_calls: 7 }
                  dmz:
                    bind: eth1
                    transports: [udp]
                    backend: legacy
                backends:
                  legacy:
                    address: "[2001:db8::111]:1111"
                    answers: forward
                    fresh: 1s
                    stale: 24h
                    retry: 100ms
                    timeout: 2s
                  table:
                    registry:
                      - { program: mountd, version: [1, 3], netid: [udp, tcp], port: 20048 }
                      - { program: 0x20000042, version: 2-4, netid: tcp6, port: 1 }
                groups:
                  a: [10.1.0.0/24, b]
                  b: { prefixes: 10.2.0.0/16, except: [c, 10.2.9.0/24] }
                  c: 10.2.5.5
                programs:
                  family: [nfs, mountd/1-2, inner]
                  inner: [0x20000042, 536870979]
                views:
                  some: { programs: [family, 100024], netids: [tcp, udp6], max_rows: 7 }
                  all: { programs: any }
                rules:
                  - name: a looks up
                    from: [a, 192.0.2.1]
                    call: [lookup, DUMP]
                    program: family
                    protocol: [2, 4]
                    over: [udp, tcp]
                    not: { from: 10.1.0.7, program: inner/3, over: tcp }
                    then: hide
                  - name: a lists
                    from: a
                    call: list
                    over: tcp
                    view: some
                    then: allow
                  - { name: trial, from: any, call: any, program: any, protocol: any, over: any, mode: audit, then: refuse }
                  - { name: b lists, from: b, call: list, over: tcp, view: all, then: allow }
                default: refuse
                amplification: { udp: 0.5 }
                log: { format: text, allow: none, deny: { one_per: 1m } }
                """);
        assertThat(policy.mode()).isEqualTo(Mode.AUDIT);
        ListenerPolicy lan = Objects.requireNonNull(policy.listeners().get("lan"));
        assertThat(lan.bind()).containsExactly("external", "eth0.100", "::1", "2001:db8::1");
        assertThat(lan.port()).isEqualTo(1111);
        assertThat(lan.transports()).containsExactly(Transport.TCP);
        assertThat(lan.backend()).isEqualTo("table");
        assertThat(lan.workers()).isEqualTo(3);
        assertThat(lan.advertise()).containsExactly(ip("192.0.2.7"), ip("2001:db8::7"));
        assertThat(lan.tcp())
                .isEqualTo(new ListenerPolicy.Tcp(
                        10,
                        2,
                        3,
                        40,
                        5,
                        6,
                        Duration.ofMinutes(1),
                        Duration.ofMillis(250),
                        Duration.ofMillis(750),
                        Duration.ofDays(1),
                        2048,
                        1,
                        7));
        assertThat(Objects.requireNonNull(policy.listeners().get("dmz")).transports())
                .containsExactly(Transport.UDP);
        BackendPolicy legacy = Objects.requireNonNull(policy.backends().get("legacy"));
        assertThat(legacy.endpoints()).hasToString("[[2001:db8::111]:1111]");
        assertThat(legacy.answers()).isEqualTo(BackendPolicy.Answers.FORWARD);
        assertThat(legacy.stale()).isEqualTo(Duration.ofDays(1));
        assertThat(legacy.retry()).isEqualTo(Duration.ofMillis(100));
        BackendPolicy table = Objects.requireNonNull(policy.backends().get("table"));
        assertThat(table.endpoints()).isEmpty();
        assertThat(table.registry())
                .hasSize(4 + 3)
                .contains(new BackendPolicy.Row(100_005, 3, "tcp", 20_048))
                .contains(new BackendPolicy.Row(0x2000_0042, 4, "tcp6", 1));
        View some = Objects.requireNonNull(policy.views().get("some"));
        assertThat(some.maxRows()).isEqualTo(7);
        assertThat(some.netids()).isEqualTo(Set.of("tcp", "udp6"));
        assertThat(some.shows(100_005, 2, "tcp")).isTrue();
        assertThat(some.shows(100_005, 3, "tcp")).isFalse();
        assertThat(some.shows(0x2000_0043, 9, "tcp")).isTrue();
        assertThat(some.shows(100_024, 1, "udp")).isFalse();
        assertThat(Objects.requireNonNull(policy.views().get("all")).programs()).isEqualTo(ProgramSet.ALL);
        assertThat(policy.amplification()).isEqualTo(0.5);
        assertThat(policy.log()).isEqualTo(new LogPolicy(LogPolicy.Format.TEXT, "stdout", 0, Duration.ofMinutes(1)));

        Rule first = rule(policy, "a looks up");
        assertThat(first.place()).hasToString("policy.yaml:40:11");
        assertThat(first.clauses())
                .extracting(Clause::key)
                .containsExactly("from", "call", "program", "protocol", "over", "not.from", "not.program", "not.over");
        assertThat(first.clauses())
                .extracting(Clause::text)
                .startsWith("a, 192.0.2.1", "lookup, DUMP", "family", "2, 4");
        assertThat(verdict(policy, lookup("10.1.0.1", 100_003, 3))).isEqualTo(Verdict.HIDE);
        assertThat(verdict(policy, lookup("10.2.1.1", 100_003, 3))).isEqualTo(Verdict.HIDE);
        assertThat(verdict(policy, lookup("10.2.5.5", 100_003, 3))).isEqualTo(Verdict.REFUSE);
        assertThat(verdict(policy, lookup("10.2.9.1", 100_003, 3))).isEqualTo(Verdict.REFUSE);
        assertThat(verdict(policy, lookup("10.1.0.7", 100_003, 3))).isEqualTo(Verdict.REFUSE);
        assertThat(verdict(policy, lookup("10.1.0.1", 0x2000_0042, 3))).isEqualTo(Verdict.REFUSE);
        assertThat(verdict(policy, lookup("10.1.0.1", 0x2000_0042, 2))).isEqualTo(Verdict.HIDE);
        Decision listing = policy.rules().decide(new Query(ip("10.1.0.1"), Transport.TCP, 4, Procedure.DUMP));
        assertThat(listing.rule().name()).isEqualTo("a lists");
        assertThat(listing.rule().view()).isEqualTo("some");
        Decision trial = policy.rules().decide(new Query(ip("10.2.1.1"), Transport.UDP, 4, Procedure.GETSTAT));
        assertThat(trial.trials()).extracting(Rule::name).containsExactly("trial");
    }

    private static Rule rule(Policy policy, String name) {
        return policy.rules().rules().stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aSetKnowsItsVersionsWhereItIsUsed() {
        Policy policy = TestFiles.policyWithRules("""
                - { name: a, from: 10.1.0.0/24, call: lookup, program: [nfs/3, dangerous/10], then: allow }
                - { name: b, from: 10.2.0.0/24, call: lookup, program: dangerous, then: refuse }
                """);
        assertThat(verdict(policy, lookup("10.1.0.1", 100_003, 3))).isEqualTo(Verdict.ALLOW);
        assertThat(verdict(policy, lookup("10.1.0.1", 100_003, 4))).isEqualTo(Verdict.DROP);
        assertThat(verdict(policy, lookup("10.1.0.1", 100_232, 10))).isEqualTo(Verdict.ALLOW);
        assertThat(verdict(policy, lookup("10.1.0.1", 100_232, 9))).isEqualTo(Verdict.DROP);
        for (ProgramSet.Range r : Programs.dangerous().ranges()) {
            assertThat(verdict(policy, lookup("10.2.0.1", (int) (r.first() >>> 32), 1)))
                    .isEqualTo(Verdict.REFUSE);
        }
    }

    @Test
    void noAllowRuleCoversRegistrationsOrIndirectCalls() {
        Policy policy = TestFiles.policyWithRules("""
                - { name: builtin/register, from: 192.0.2.0/24, call: register, then: hide }
                - { name: builtin/indirect, from: 192.0.2.0/24, call: indirect, then: hide }
                - { name: builtin/strangers, from: 192.0.2.0/24, over: udp, call: register, then: drop }
                - { name: everything, from: 10.1.0.0/24, then: allow }
                - { name: not lists, from: 10.2.0.0/24, not: { call: list }, then: allow }
                - { name: any, from: 10.3.0.0/24, call: any, then: allow }
                """);
        for (Procedure procedure : Procedure.values()) {
            for (Transport transport : Transport.values()) {
                for (String source : List.of("10.1.0.1", "10.2.0.1", "10.3.0.1", "192.0.2.1")) {
                    int protocol = procedure.newestProtocol();
                    Query query = new Query(ip(source), transport, protocol, procedure, 100_003, 3);
                    Decision decision = policy.rules().decide(query);
                    if (!procedure.callClass().allowable()) {
                        assertThat(decision.verdict())
                                .as("%s by %s", query, decision.rule())
                                .isNotEqualTo(Verdict.ALLOW);
                    } else if (source.equals("10.1.0.1") || source.equals("10.3.0.1")) {
                        assertThat(decision.verdict()).isEqualTo(Verdict.ALLOW);
                    }
                }
            }
        }
        assertThat(rule(policy, "everything").clauses()).extracting(Clause::key).containsExactly("from", "call");
    }

    @Test
    void aRuleTakesThePlaceOfTheBuiltInOneOfItsName() {
        Policy policy = TestFiles.policyWithRules("""
                - { name: lan looks up, from: 10.1.0.0/24, call: lookup, program: nfs, then: allow }
                - { name: builtin/ping, from: any, call: ping, then: refuse }
                """);
        List<Rule> rules = policy.rules().rules();
        assertThat(rules)
                .extracting(Rule::name)
                .containsExactly(
                        Builtin.STRANGERS,
                        Builtin.REGISTER,
                        Builtin.INDIRECT,
                        "lan looks up",
                        Builtin.PING,
                        Builtin.PORTMAPPER);
        assertThat(rules.get(4).place()).hasToString("policy.yaml:10:13");
    }

    @Test
    void nullIsAProcedureUnderCall() {
        for (String written : List.of("null", "NULL", "[null]", "\"null\"")) {
            Policy policy =
                    TestFiles.policyWithRules("- { name: a, from: 10.1.0.0/24, call: " + written + ", then: hide }\n");
            Query ping = new Query(ip("10.1.0.1"), Transport.UDP, 2, Procedure.NULL);
            assertThat(verdict(policy, ping)).isEqualTo(Verdict.HIDE);
            assertThat(verdict(policy, lookup("10.1.0.1", 1, 1))).isEqualTo(Verdict.DROP);
        }
    }

    @Test
    void scalarsAreTheirText() {
        Policy policy = TestFiles.policyWithRules("""
                - { name: yes, from: 10.1.0.0/24, then: hide }
                - { name: 0x10, from: 10.2.0.0/24, then: hide }
                - { name: 1:30, from: 10.3.0.0/24, then: hide }
                """);
        assertThat(policy.rules().rules()).extracting(Rule::name).contains("yes", "0x10", "1:30");
    }

    @Test
    void toleratesByteOrderMarkAndCarriageReturns() {
        String text = "\ufeff" + (TestFiles.FRAME + RULE).replace("\n", "\r\n");
        assertThat(TestFiles.load(text).problems()).isEmpty();
        assertThat(TestFiles.load((TestFiles.FRAME + RULE).replace("\n", "\r")).problems())
                .isEmpty();
    }

    @Test
    void revisionFollowsThePolicyAndItsFiles() {
        String text = TestFiles.FRAME + "groups:\n  lan: { file: lan.txt }\n" + RULE.replace("10.1.0.0/24", "lan");
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        String first = revision(bytes, "10.1.0.0/24\n");
        assertThat(revision(bytes, "10.1.0.0/24\n")).isEqualTo(first);
        assertThat(revision(bytes, "10.2.0.0/24\n")).isNotEqualTo(first);
        assertThat(revision((text + "# c\n").getBytes(StandardCharsets.UTF_8), "10.1.0.0/24\n"))
                .isNotEqualTo(first);
    }

    private static String revision(byte[] policy, String file) {
        LoadResult result = PolicyLoader.load(
                "policy.yaml", policy, path -> GroupFiles.Content.of(file.getBytes(StandardCharsets.UTF_8)));
        return Objects.requireNonNull(result.policy()).revision();
    }

    @Test
    void asksForEachFileOnceByItsPath() {
        String text = TestFiles.FRAME
                + "groups:\n  a: { file: a/b.txt }\n  b: { file: a/b.txt }\n"
                + "rules:\n  - { name: a, from: [a, b], then: hide }\n";
        StringBuilder asked = new StringBuilder();
        LoadResult result = PolicyLoader.load("policy.yaml", text.getBytes(StandardCharsets.UTF_8), path -> {
            asked.append(path).append(' ');
            return GroupFiles.Content.of("10.0.0.0/8 # c\n\n\t::1\n".getBytes(StandardCharsets.UTF_8));
        });
        assertThat(result.problems()).isEmpty();
        assertThat(asked).hasToString("a/b.txt ");
        RuleSet rules = Objects.requireNonNull(result.policy()).rules();
        assertThat(rules.isNamed(ip("10.9.9.9"))).isTrue();
        assertThat(rules.isNamed(ip("::1"))).isTrue();
        assertThat(rules.isNamed(ip("::2"))).isFalse();
    }

    @Test
    void thePolicyIsThereExactlyWhenThereIsNoError() {
        LoadResult warned = TestFiles.load(TestFiles.FRAME + "rules: []\n");
        assertThat(warned.policy()).isNotNull();
        assertThat(warned.problems()).hasSize(1);
        LoadResult failed = TestFiles.load(TestFiles.FRAME + "rules: []\nlimits: []\n");
        assertThat(failed.policy()).isNull();
    }

    @Test
    void showsAHundredProblemsAndCountsTheRest() {
        StringBuilder text = new StringBuilder(TestFiles.FRAME).append("groups:\n  lan:\n");
        for (int i = 0; i < 120; i++) {
            text.append("    - 10.1.").append(i).append(".1/24\n");
        }
        text.append("rules:\n  - { name: a, from: lan, then: alow }\n");
        List<Problem> problems = TestFiles.load(text.toString()).problems();
        assertThat(problems).hasSize(101);
        assertThat(problems).extracting(Problem::code).contains("E115").endsWith("W299");
        assertThat(problems.get(100).render()).isEqualTo("policy.yaml:1:1: warning[W299]: and 21 more warnings\n");
        assertThat(problems.subList(0, 100)).isSortedAccordingTo(Problem.BY_PLACE);
    }

    @Test
    void showsErrorsRatherThanWarnings() {
        StringBuilder text = new StringBuilder(TestFiles.FRAME).append("groups:\n  lan:\n");
        for (int i = 0; i < 3000; i++) {
            text.append("    - 10.").append(i / 250).append('.').append(i % 250).append(".1/24\n");
        }
        text.append("rules:\n");
        for (int i = 0; i < 3000; i++) {
            text.append("  - { name: r").append(i).append(", from: lan, then: alow }\n");
        }
        List<Problem> problems = TestFiles.load(text.toString()).problems();
        assertThat(problems).hasSize(102);
        assertThat(problems.subList(0, 100)).extracting(Problem::code).containsOnly("E115");
        assertThat(problems.get(100).text()).isEqualTo("and 2900 more errors");
        assertThat(problems.get(101).text()).isEqualTo("and 3000 more warnings");
    }

    private static List<Problem> problemsWithFile(String file) {
        String text = TestFiles.FRAME + "groups:\n  lan: { file: zone/lan.txt }\n" + RULE.replace("10.1.0.0/24", "lan");
        byte[] content = file.getBytes(StandardCharsets.UTF_8);
        return PolicyLoader.load(
                        "policy.yaml", text.getBytes(StandardCharsets.UTF_8), path -> GroupFiles.Content.of(content))
                .problems();
    }

    @Test
    void problemsOfAGroupsFileHaveTheirPlaceThere() {
        assertThat(problemsWithFile("# c\n  10.1.0.0/33\n").get(0).render()).isEqualTo("""
                zone/lan.txt:2:3: error[E130]: '10.1.0.0/33' is not an address or prefix
                    2 |   10.1.0.0/33
                      |   ^^^^^^^^^^^ the length goes from 0 to 32
                """);
    }

    @Test
    void boundsAGroupsFileAndItsPrefixes() {
        String line = "1.1.1.1\n";
        int most = PolicyLoader.LONGEST_GROUP_FILE / line.length();
        assertThat(problemsWithFile(line.repeat(most)))
                .extracting(Problem::code)
                .contains("E121");
        assertThat(problemsWithFile(line.repeat(most) + line).get(0).text())
                .isEqualTo("cannot use 'zone/lan.txt': the file is longer than 8 MiB, which is the most that is read");
    }

    @Test
    void boundsWhatGroupsAndSetsIncludeTogether() {
        StringBuilder text = new StringBuilder(TestFiles.FRAME).append("groups:\n  g0: [");
        for (int i = 0; i < 4000; i++) {
            text.append("10.").append(i / 100).append('.').append(i % 100 * 2).append(".0/24,");
        }
        text.append("]\n");
        for (int i = 1; i < 300; i++) {
            text.append("  g").append(i).append(": [g0, 192.0.2.1]\n");
        }
        text.append("programs:\n  p0: [");
        for (int i = 0; i < 4000; i++) {
            text.append(i * 2).append(',');
        }
        text.append("]\n");
        for (int i = 1; i < 300; i++) {
            text.append("  p").append(i).append(": [p0, 1]\n");
        }
        List<Problem> problems = TestFiles.load(text + RULE).problems();
        assertThat(problems)
                .filteredOn(p -> p.code().equals("E121"))
                .extracting(Problem::text)
                .containsExactly(
                        "the sets of programs have more than 100000 entries in all",
                        "the groups have more than 100000 prefixes in all");
    }

    /** Sources that many rules have alike are one; each that differs a little from the others is one more. */
    @Test
    void boundsTheRangesOfAllRulesTogether() {
        StringBuilder text = new StringBuilder(TestFiles.FRAME).append("groups:\n  site: { file: site.txt }\nrules:\n");
        for (int i = 0; i < 20; i++) {
            text.append("  - { name: alike").append(i).append(", from: site, call: lookup, program: ");
            text.append(i).append(", then: hide }\n");
        }
        for (int i = 0; i < 20; i++) {
            text.append("  - { name: other")
                    .append(i)
                    .append(", from: [site, 192.0.2.")
                    .append(i);
            text.append("], call: ping, then: hide }\n");
        }
        StringBuilder file = new StringBuilder();
        for (int i = 0; i < 50_000; i++) {
            file.append(IpAddress.v4(0x0a00_0000 + 2 * i)).append('\n');
        }
        byte[] site = file.toString().getBytes(StandardCharsets.UTF_8);
        LoadResult result = PolicyLoader.load(
                "policy.yaml", text.toString().getBytes(StandardCharsets.UTF_8), path -> GroupFiles.Content.of(site));

        assertThat(result.problems()).singleElement().satisfies(problem -> {
            assertThat(problem.code()).isEqualTo("E121");
            assertThat(problem.text()).isEqualTo("the rules up to this one name more than 500000 ranges of addresses");
            assertThat(problem.excerpt()).contains("other8,");
        });
    }
}

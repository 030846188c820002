package org.rpcward.proxy.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.rpcward.policy.Policy;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.observe.Counters;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What the rules, the dashboard and the page on monitoring name is what is exposed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MonitoringFilesTest {
    private static final Path RULES = Path.of("../deploy/prometheus/rpcward.rules.yaml");
    private static final Path DASHBOARD = Path.of("../deploy/grafana/rpcward.json");
    private static final Path PAGE = Path.of("../docs/monitoring.md");

    private static final Pattern SAMPLE = Pattern.compile("([a-z_:0-9]+)(?:\\{(.*)\\})? [^ ]+");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern IN_TEXT = Pattern.compile("\\{\\{ ?\\$?(?:labels\\.)?([a-z_]+) ?\\}\\}");

    /** Those that Prometheus itself adds. */
    private static final Set<String> OF_TARGETS = Set.of("job", "instance");

    /** Those whose values a policy, or a JVM, makes up. */
    private static final Set<String> FREE =
            Set.of("job", "instance", "listener", "rule", "limit", "backend", "endpoint", "revision", "view", "gc");

    private static final Set<String> CLOSED = Set.of(
            "ban_rule", "cache", "cause", "change", "mode", "path", "reason", "result", "status", "verdict", "what");

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    /** By the name of the samples: the values of each label. */
    private final Map<String, Map<String, Set<String>>> exposed = new HashMap<>();

    private List<Family> families = List.of();

    @BeforeAll
    void scrape() {
        expose("");
        expose("mode: audit\n");
        // Prometheus says this of every target.
        exposed.put("up", Map.of());
    }

    private void expose(String mode) {
        Policy policy = Policies.of(mode + """
                limits: { lookups: { rate: 50/s, burst: 200, per: source } }
                views: { few: { programs: nfs } }
                rules: [{ name: look up, from: 198.51.100.0/24, call: lookup, then: allow, limit: lookups }]
                """);
        FakeClock clock = new FakeClock();
        Counters counters = new Counters(clock, clock);
        counters.serve(policy);
        FakeSources sources = new FakeSources(policy);
        Metrics metrics = new Metrics(counters, sources, loops);
        families = Families.of(counters, sources);
        metrics.scrape(null)
                .text()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .forEach(line -> {
                    Matcher sample = SAMPLE.matcher(line);
                    assertThat(sample.matches()).as(line).isTrue();
                    Map<String, Set<String>> labels = exposed.computeIfAbsent(sample.group(1), n -> new TreeMap<>());
                    Matcher label = LABEL.matcher(Objects.requireNonNullElse(sample.group(2), ""));
                    while (label.find()) {
                        labels.computeIfAbsent(label.group(1), l -> new TreeSet<>())
                                .add(label.group(2));
                    }
                });
        metrics.close();
    }

    @AfterAll
    void close() {
        loops.shutdownGracefully();
    }

    @TestFactory
    List<DynamicTest> everyRuleAsksForWhatIsThere() throws IOException {
        Map<String, Set<String>> recorded = new HashMap<>();
        List<DynamicTest> tests = new ArrayList<>();
        for (Map<String, Object> rule : rules()) {
            String record = (String) rule.get("record");
            String expression = String.valueOf(rule.get("expr"));
            if (record != null) {
                recorded.put(record, PromQl.parse(expression).labels());
            }
            tests.add(DynamicTest.dynamicTest(String.valueOf(record == null ? rule.get("alert") : record), () -> {
                Set<String> labels = check(expression, recorded);
                if (rule.get("annotations") instanceof Map<?, ?> annotations) {
                    annotations.values().forEach(text -> assertNamed(String.valueOf(text), labels));
                }
            }));
        }
        assertThat(tests).hasSizeGreaterThan(20);
        return tests;
    }

    @TestFactory
    List<DynamicTest> everyPanelAsksForWhatIsThere() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode node : withExpression(dashboard())) {
            String expression = node.get("expr").asText();
            tests.add(DynamicTest.dynamicTest(expression, () -> {
                Set<String> labels = check(expression, Map.of());
                for (String text : List.of("legendFormat", "titleFormat", "textFormat")) {
                    if (node.has(text)) {
                        assertNamed(node.get(text).asText(), labels);
                    }
                }
            }));
        }
        assertThat(tests).hasSizeGreaterThan(40);
        return tests;
    }

    @Test
    void theDashboardsVariablesAskForWhatIsThere() throws IOException {
        Pattern values = Pattern.compile("label_values\\((.*), ([a-z]+)\\)");
        int count = 0;
        for (JsonNode variable : dashboard().get("templating").get("list")) {
            if (variable.get("type").asText().equals("query")) {
                Matcher asked = values.matcher(variable.get("definition").asText());
                assertThat(asked.matches()).isTrue();
                assertThat(check(asked.group(1), Map.of())).contains(asked.group(2));
                count++;
            }
        }
        assertThat(count).isEqualTo(2);
    }

    /** Nobody asks a portmapper for minutes at times, and a share of nothing is NaN. */
    @Test
    void aShareOfNoCallsIsNotShownAsNaN() throws IOException {
        for (JsonNode panel : dashboard().path("panels")) {
            String expression = panel.path("targets").path(0).path("expr").asText();
            boolean isShare = expression.contains("rate(")
                    && (expression.contains("/ sum") || expression.contains("histogram_quantile"));
            if (panel.path("type").asText().equals("stat") && isShare) {
                assertThat(panel.path("fieldConfig")
                                .path("defaults")
                                .path("mappings")
                                .path(0)
                                .path("options")
                                .path("match")
                                .asText())
                        .as(panel.path("title").asText())
                        .isEqualTo("null+nan");
            }
        }
    }

    @Test
    void everyMetricOfRpcwardHasItsPlaceOnTheDashboardOrInARule() throws IOException {
        String all = Files.readString(DASHBOARD) + Files.readString(RULES);
        Set<String> forDetail = Set.of(
                "jvm_gc_collections_total",
                "rpcward_backend_down_seconds_total",
                "rpcward_backend_duration_seconds",
                "rpcward_overload_level_seconds_total",
                "rpcward_scan_capacity",
                "rpcward_scan_entries",
                "rpcward_scan_evictions_total",
                "rpcward_scan_untracked_total");

        assertThat(families.stream().map(Family::name).filter(name -> !all.contains(name)))
                .containsExactlyInAnyOrderElementsOf(forDetail);
    }

    @TestFactory
    List<DynamicTest> thePageHasEveryMetric() throws IOException {
        String page = Files.readString(PAGE);
        return families.stream()
                .map(f ->
                        DynamicTest.dynamicTest(f.name(), () -> assertThat(page).contains(row(f))))
                .toList();
    }

    private static String row(Family family) {
        String labels = String.join(
                ", ", family.labels().stream().map(l -> "`" + l + "`").toList());
        return "| `" + family.name() + "` | " + family.type().name().toLowerCase(Locale.ROOT) + " | "
                + (labels.isEmpty() ? "" : labels + " ") + "| " + family.help() + " |";
    }

    /** Values that are words of rpcward, for who writes a query. */
    @Test
    void thePageHasEveryReasonAndResult() throws IOException {
        String page = Files.readString(PAGE);
        exposed.forEach((metric, labels) -> labels.forEach((label, values) -> {
            if (metric.startsWith("rpcward_") && CLOSED.contains(label)) {
                values.forEach(
                        value -> assertThat(page).as(metric + " " + label).contains("`" + value + "`"));
            }
        }));
    }

    @Test
    void thePageHasNoMetricThatIsNotThere() throws IOException {
        Matcher names = Pattern.compile("`((?:rpcward|jvm|netty|process|system(?!_err))_[a-z0-9_]+)`")
                .matcher(Files.readString(PAGE));
        Set<String> known = new TreeSet<>(exposed.keySet());
        families.forEach(family -> known.add(family.name()));
        Set<String> named = new TreeSet<>();
        while (names.find()) {
            named.add(names.group(1));
        }

        assertThat(known).containsAll(named);
        assertThat(named)
                .containsAll(exposed.keySet().stream()
                        .filter(name -> name.matches("(jvm|netty|process|system)_.*"))
                        .toList());
    }

    @Test
    void thePageHasEveryAlert() throws IOException {
        String page = Files.readString(PAGE);
        for (Map<String, Object> rule : rules()) {
            if (rule.get("alert") != null) {
                String severity =
                        String.valueOf(((Map<?, ?>) Objects.requireNonNull(rule.get("labels"))).get("severity"));
                assertThat(page).contains("| `" + rule.get("alert") + "` | " + severity + " | ");
            }
        }
    }

    @Test
    void whatIsNotThereIsFound() {
        assertThatThrownBy(() -> check("sum(rpcward_no_such_total)", Map.of())).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> check("rate(rpcward_calls_total{colour=\"red\"}[5m])", Map.of()))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> check("rate(rpcward_verdicts_total{verdict=\"reject\"}[5m])", Map.of()))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> check("sum by (rule) (rpcward_verdicts_total)", Map.of()))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> check("frobnicate(rpcward_verdicts_total)", Map.of()))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> check("sum(rpcward_calls_total) ^ 2", Map.of()))
                .isInstanceOf(AssertionError.class);
    }

    /** Checks an expression; returns the labels that its metrics have. */
    private Set<String> check(String expression, Map<String, Set<String>> recorded) {
        PromQl parsed = PromQl.parse(expression);
        Set<String> labels = new TreeSet<>(OF_TARGETS);
        for (PromQl.Selector selector : parsed.selectors()) {
            Set<String> ofRecord = recorded.get(selector.metric());
            Map<String, Set<String>> ofMetric = exposed.get(selector.metric());
            assertThat(ofRecord != null || ofMetric != null)
                    .as(selector.metric() + " is exposed")
                    .isTrue();
            Set<String> own = ofRecord != null
                    ? ofRecord
                    : Objects.requireNonNull(ofMetric).keySet();
            labels.addAll(own);
            for (PromQl.Match match : selector.matches()) {
                boolean there = OF_TARGETS.contains(match.label()) || own.contains(match.label());
                assertThat(there).as(selector + " has " + match.label()).isTrue();
                if (ofMetric != null && !FREE.contains(match.label())) {
                    assertThat(ofMetric.get(match.label()))
                            .as(selector.metric())
                            .containsAll(match.values());
                }
            }
        }
        assertThat(parsed.selectors()).as(expression).isNotEmpty();
        assertThat(labels).as(expression).containsAll(parsed.labels());
        return labels;
    }

    private static void assertNamed(String text, Set<String> labels) {
        Matcher named = IN_TEXT.matcher(text);
        while (named.find()) {
            assertThat(labels).as(text).contains(named.group(1));
        }
    }

    private static List<Map<String, Object>> rules() throws IOException {
        List<Map<String, Object>> rules = new ArrayList<>();
        Map<String, List<Map<String, List<Map<String, Object>>>>> file =
                new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(RULES));
        Objects.requireNonNull(file.get("groups"))
                .forEach(group -> rules.addAll(Objects.requireNonNull(group.get("rules"))));
        return rules;
    }

    private static JsonNode dashboard() throws IOException {
        return new ObjectMapper().readTree(DASHBOARD.toFile());
    }

    private static List<JsonNode> withExpression(JsonNode node) {
        List<JsonNode> found = new ArrayList<>();
        if (node.has("expr")) {
            found.add(node);
        }
        node.forEach(child -> found.addAll(withExpression(child)));
        return found;
    }
}

package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus scrapes a running rpcward; alerts come when what they are about is brought about. */
@RequiresLab(programs = {"rpcbind", "prometheus", "promtool"})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MetricsIT {
    private static final int NFS = 100_003;
    private static final int UDP = 17;
    private static final int SET = 1;
    private static final int DUMP = 4;
    private static final String ADMIN = "http://127.0.0.1:9111";
    private static final String PROMETHEUS = "http://127.0.0.1:9090";
    private static final String OPEN_METRICS = "application/openmetrics-text;version=1.0.0";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** One value of an instant query. */
    private static final Pattern VALUE = Pattern.compile("\"value\":\\[[0-9.e+]+,\"([^\"]+)\"\\]");

    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: [s0], workers: 1, backend: legacy } }
            backends: { legacy: { address: "10.111.0.2:111", timeout: 500ms, fresh: 1s, retry: 300ms } }
            groups: { clients: [192.0.2.2, 10.9.0.0/16] }
            rules:
              - { name: lists over udp, from: 192.0.2.2, call: list, over_udp: full, then: allow }
              - { name: clients look up, from: clients, call: [ping, lookup], then: allow }
              - { name: no more, from: clients, then: refuse }
            log: { allow: none }
            admin: { http: "127.0.0.1:9111", socket: off }
            """;

    private final List<AutoCloseable> open = new ArrayList<>();
    private Path rules;
    private Lab lab;
    private Rpcbind rpcbind;
    private Rpcward rpcward;
    private Caller caller;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException {
        rules = Programs.distribution().resolve("deploy/prometheus").toAbsolutePath();
        lab = opened(new Lab(directory));
        lab.client().ip("route add local 10.9.0.0/16 dev lo");
        lab.proxy().ip("route add 10.9.0.0/16 via " + Lab.CLIENT_V4);
        rpcbind = opened(Rpcbind.start(lab.backend()));
        rpcbind.set(NFS, 3, "udp", 2049);
        rpcward = opened(Rpcward.start(lab.proxy(), POLICY));
        caller = opened(new Caller(lab.client()));
        Path configuration = directory.resolve("prometheus.yml");
        Files.writeString(
                configuration,
                Files.readString(rules.resolve("prometheus.yml"))
                        .replace("15s", "1s")
                        .replace(
                                "rpcward.rules.yaml",
                                rules.resolve("rpcward.rules.yaml").toString()));
        opened(lab.proxy()
                .start(List.of(
                        Programs.path("prometheus"),
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + directory.resolve("tsdb"),
                        "--web.listen-address=127.0.0.1:9090")));
        await("Prometheus has scraped rpcward")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(query("up{job=\"rpcward\"}")).containsExactly(1.0));
    }

    @AfterAll
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.add(resource);
        return resource;
    }

    private String fetch(String url, String accept) {
        Host.Finished fetched = lab.proxy().run(Programs.labProgram(Fetch.class, url, accept));
        assertThat(fetched.status()).as(fetched.diagnostics()).isZero();
        return fetched.output();
    }

    /** The values of all series that an expression has now, as Prometheus's API tells them. */
    private List<Double> query(String expression) {
        Host.Finished asked = promtool("query", "instant", "--format=json", PROMETHEUS, expression);
        List<Double> values = new ArrayList<>();
        Matcher matcher = VALUE.matcher(asked.output());
        while (matcher.find()) {
            values.add(Double.valueOf(matcher.group(1)));
        }
        return values;
    }

    private void awaitValue(String expression, double value) {
        await(expression)
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(query(expression)).containsExactly(value));
    }

    private void awaitAlert(String alert) {
        await(alert)
                .atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(query("ALERTS{alertname=\"" + alert + "\"}")).isNotEmpty());
    }

    private Host.Finished promtool(String... arguments) {
        List<String> command = new ArrayList<>(List.of(Programs.path("promtool")));
        command.addAll(List.of(arguments));
        return lab.proxy().run(command, Map.of(), Duration.ofMinutes(2));
    }

    @Test
    @Order(1)
    void promtoolFindsNothingInTheMetrics(@TempDir Path directory) throws IOException {
        Path scraped = directory.resolve("metrics");
        Files.writeString(scraped, fetch(ADMIN + "/metrics", "*/*"));

        Host.Finished checked = lab.proxy().shell(Programs.path("promtool") + " check metrics <" + scraped);

        assertThat(checked.output() + checked.diagnostics()).isEmpty();
        assertThat(checked.status()).isZero();
    }

    @Test
    @Order(1)
    void whoAsksForOpenMetricsGetsIt() {
        assertThat(fetch(ADMIN + "/metrics", OPEN_METRICS))
                .contains("# TYPE rpcward_calls counter\n")
                .contains("# TYPE rpcward_config info\n")
                .endsWith("# EOF\n");
    }

    @Test
    @Order(1)
    void promtoolFindsNothingInTheRulesAndTheirTestsPass() {
        assertThat(promtool(
                                "check",
                                "rules",
                                rules.resolve("rpcward.rules.yaml").toString())
                        .status())
                .isZero();
        Host.Finished tested = promtool(
                "test",
                "rules",
                rules.resolve("rpcward.rules.test.yaml").toString(),
                rules.resolve("rpcward.slow.test.yaml").toString());
        assertThat(tested.status()).as(tested.output() + tested.diagnostics()).isZero();
    }

    @Test
    @Order(2)
    void whatWasSentIsWhatAQueryTells() {
        for (int i = 0; i < 20; i++) {
            caller.udp(Lab.PROXY_V4, Calls.getPort(i, NFS, 3, UDP));
        }

        awaitValue("rpcward_calls_total{procedure=\"getport\",transport=\"udp\"}", 20);
        awaitValue("rpcward_rule_hits_total{rule=\"clients look up\"}", 20);
        awaitValue("rpcward_replies_total{transport=\"udp\",status=\"success\"}", 20);
        awaitValue("sum(rpcward_call_duration_seconds_count{transport=\"udp\"})", 20);
        awaitValue("rpcward_received_bytes_total{transport=\"udp\"}", 20 * 56);
        awaitValue("rpcward_sent_bytes_total{transport=\"udp\"}", 20 * 28);
        awaitValue("rpcward_backend_up", 1);
        assertThat(query("sum(rpcward_backend_requests_total{result=\"ok\"})").get(0))
                .isPositive();
        assertThat(query("ALERTS{alertstate=\"firing\"}")).isEmpty();
    }

    @Test
    @Order(3)
    void amplificationIsAnAlert() {
        for (int i = 0; i < 30; i++) {
            rpcbind.set(400_000 + i, 1, "udp", 10_000 + i);
        }
        for (int i = 0; i < 200; i++) {
            caller.udp(Lab.PROXY_V4, Calls.call(i, 2, DUMP));
        }

        awaitAlert("RpcwardAmplificationRatioHigh");
    }

    @Test
    @Order(4)
    void aFloodMakesNoSeries() {
        double before = query("scrape_samples_scraped").get(0);
        assertThat(before).isBetween(500.0, 2000.0);

        caller.flood("10.9.0.1", 200, Lab.PROXY_V4, 2_000, Calls.getPort(1, NFS, 3, UDP))
                .join();
        for (int i = 0; i < 200; i++) {
            caller.udp(Lab.PROXY_V4, Calls.getPort(i, 0x20000000 + i, i, UDP));
        }

        await("the flood is counted")
                .atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(query("sum(rpcward_calls_total)").get(0)).isGreaterThan(220));
        assertThat(query("scrape_samples_scraped")).containsExactly(before);
        assertThat(query("count({job=\"rpcward\", __name__=~\"rpcward_.*\"})")).hasSize(1);
    }

    @Test
    @Order(5)
    void aScanAndAnAttemptToRegisterAreAlerts() {
        for (int i = 0; i < 60; i++) {
            caller.udp(Lab.PROXY_V4, Calls.getPort(i, 300_000 + i, 1, UDP));
        }
        caller.udp(Lab.PROXY_V4, Calls.call(1, 4, SET, Calls.rpcb(NFS, 3, "udp", "192.0.2.2.8.1", "superuser")));

        awaitAlert("RpcwardScan");
        awaitAlert("RpcwardMutationAttempts");
    }

    @Test
    @Order(6)
    void aPolicyThatCannotBeReadIsAnAlertUntilItIsMended() {
        rpcward.writePolicy("version: 1\nrules: nonsense\n");
        rpcward.process().signal("HUP");

        awaitAlert("RpcwardReloadFailed");
        awaitValue("rpcward_config_reloads_total{result=\"invalid\"}", 1);

        rpcward.writePolicy(POLICY);
        rpcward.process().signal("HUP");
        awaitValue("rpcward_config_last_reload_successful", 1);
        await("the alert is over")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(query("ALERTS{alertname=\"RpcwardReloadFailed\"}"))
                        .isEmpty());
    }

    @Test
    @Order(7)
    void aBackendThatIsKilledIsAnAlert() {
        rpcbind.close();

        // Where nobody asks, it would be found out within a minute.
        await("rpcbind is missed").atMost(PATIENCE).untilAsserted(() -> {
            caller.udp(Lab.PROXY_V4, Calls.getPort(1, NFS, 3, UDP));
            assertThat(query("rpcward_backend_up")).containsExactly(0.0);
        });
        awaitAlert("RpcwardBackendDown");
        awaitAlert("RpcwardBackendUnavailable");
        caller.udp(Lab.PROXY_V4, Calls.getPort(1, NFS, 3, UDP));
        awaitAlert("RpcwardServingStale");
    }

    @Test
    @Order(8)
    void rpcwardThatIsKilledIsAnAlert() {
        rpcward.close();

        awaitAlert("RpcwardDown");
    }
}

package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus scrapes a running rpcward. */
@RequiresLab(programs = {"rpcbind", "prometheus", "promtool"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MetricsIT extends Opened {
    private static final int NFS = 100_003;
    private static final int UDP = 17;
    private static final String ADMIN = "http://127.0.0.1:9111";
    private static final String OPEN_METRICS = "application/openmetrics-text;version=1.0.0";

    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: [s0], workers: 1, backend: legacy } }
            backends: { legacy: { address: "10.111.0.2:111", timeout: 500ms, fresh: 1s, retry: 300ms } }
            groups: { clients: [192.0.2.2, 10.9.0.0/16] }
            rules:
              - { name: clients look up, from: clients, call: [ping, lookup], then: allow }
              - { name: no more, from: clients, then: refuse }
            log: { allow: none }
            admin: { http: "127.0.0.1:9111", socket: off }
            """;

    private Lab lab;
    private Prometheus prometheus;
    private Caller caller;

    @BeforeAll
    void start(@TempDir Path directory) throws IOException {
        lab = opened(new Lab(directory));
        lab.client().ip("route add local 10.9.0.0/16 dev lo");
        lab.proxy().ip("route add 10.9.0.0/16 via " + Lab.CLIENT_V4);
        Rpcbind rpcbind = opened(Rpcbind.start(lab.backend()));
        rpcbind.set(NFS, 3, "udp", 2049);
        opened(Rpcward.start(lab.proxy(), POLICY));
        caller = opened(new Caller(lab.client()));
        prometheus = opened(new Prometheus(lab.proxy(), directory, rules -> rules, "127.0.0.1:9111"));
    }

    private String fetch(String url, String accept) {
        Host.Finished fetched = lab.proxy().run(Programs.labProgram(Fetch.class, url, accept));
        assertThat(fetched.status()).as(fetched.diagnostics()).isZero();
        return fetched.output();
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
                .contains("# TYPE rpcward_tcp_connections gauge\n")
                .endsWith("# EOF\n");
    }

    @Test
    @Order(2)
    void whatWasSentIsWhatAQueryTells() {
        for (int i = 0; i < 20; i++) {
            caller.udp(Lab.PROXY_V4, Calls.getPort(i, NFS, 3, UDP));
        }

        prometheus.awaitValue("rpcward_tcp_connections{listener=\"lan\"}", 0);
        prometheus.awaitValue("sum(rpcward_tcp_connections_total{listener=\"lan\"})", 0);
        prometheus.awaitValue("rpcward_calls_total{procedure=\"getport\",transport=\"udp\"}", 20);
        prometheus.awaitValue("rpcward_rule_hits_total{rule=\"clients look up\"}", 20);
        prometheus.awaitValue("rpcward_replies_total{transport=\"udp\",status=\"success\"}", 20);
        prometheus.awaitValue("sum(rpcward_call_duration_seconds_count{transport=\"udp\"})", 20);
        prometheus.awaitValue("rpcward_received_bytes_total{transport=\"udp\"}", 20 * 56);
        prometheus.awaitValue("rpcward_sent_bytes_total{transport=\"udp\"}", 20 * 28);
        prometheus.awaitValue("rpcward_backend_up", 1);
        assertThat(prometheus
                        .query("sum(rpcward_backend_requests_total{result=\"ok\"})")
                        .get(0))
                .isPositive();
        assertThat(prometheus.query("ALERTS{alertstate=\"firing\"}")).isEmpty();
    }

    @Test
    @Order(3)
    void aFloodMakesNoSeries() {
        double before = prometheus.query("scrape_samples_scraped").get(0);
        assertThat(before).isBetween(500.0, 2000.0);

        caller.flood("10.9.0.1", 200, Lab.PROXY_V4, 2_000, Calls.getPort(1, NFS, 3, UDP))
                .join();
        for (int i = 0; i < 200; i++) {
            caller.udp(Lab.PROXY_V4, Calls.getPort(i, 0x20000000 + i, i, UDP));
        }

        await("the flood is counted")
                .atMost(Prometheus.PATIENCE)
                .untilAsserted(() -> assertThat(
                                prometheus.query("sum(rpcward_calls_total)").get(0))
                        .isGreaterThan(220));
        assertThat(prometheus.query("scrape_samples_scraped")).containsExactly(before);
        assertThat(prometheus.query("count({job=\"rpcward\", __name__=~\"rpcward_.*\"})"))
                .hasSize(1);
    }
}

package org.rpcward.proxy.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.observe.CallCounts;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.observe.Counters;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.Outcome;

class MetricsTest {
    private static final Path GOLDEN = Path.of("src/test/resources/metrics/fresh-start.txt");
    private static final Path SAMPLE = Path.of("../policy/examples/nfs-server.yaml");

    /** All that a scrape of the sample policy may bring, those of the JVM included. */
    private static final int MOST_SERIES = 2000;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final FakeClock clock = new FakeClock();
    private final Counters counters = new Counters(clock, clock);
    private final FakeSources sources = new FakeSources(sample());
    private final Metrics metrics = new Metrics(counters, sources, loops);

    MetricsTest() {
        counters.serve(sources.policy());
    }

    private static Policy sample() {
        try {
            return Policies.load(Files.readString(SAMPLE));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void close() {
        metrics.close();
        loops.shutdownGracefully();
    }

    /** Every series of rpcward, and of the others, which depend on the JVM, every name. */
    @Test
    void aFreshStartShowsAllThatThereEverIs() throws IOException {
        TreeSet<String> lines = new TreeSet<>();
        text(null).lines().forEach(line -> {
            if (line.startsWith("# HELP") || line.startsWith("# TYPE")) {
                lines.add(line);
            } else if (line.startsWith("rpcward_build_info")) {
                lines.add(line.replaceAll("\"[^\"]*\"", "\"\""));
            } else if (line.startsWith("rpcward_")) {
                lines.add(line.substring(0, line.lastIndexOf(' ')));
            }
        });
        String exposed = String.join("\n", lines) + "\n";
        if (Boolean.getBoolean("golden.write")) {
            Files.writeString(GOLDEN, exposed);
        }
        assertThat(exposed).isEqualTo(Files.readString(GOLDEN));
    }

    @Test
    void theTextFormatIsGivenUnlessOpenMetricsIsAskedFor() {
        assertThat(metrics.scrape(null).contentType()).isEqualTo("text/plain; version=0.0.4; charset=utf-8");
        assertThat(metrics.scrape("*/*").contentType()).startsWith("text/plain; version=0.0.4");
        assertThat(metrics.scrape("text/plain;version=0.0.4;q=0.5,*/*;q=0.1").contentType())
                .startsWith("text/plain; version=0.0.4");
        assertThat(metrics.scrape("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
                        .contentType())
                .isEqualTo("application/openmetrics-text; version=1.0.0; charset=utf-8");
        assertThat(text("application/openmetrics-text;version=1.0.0")).endsWith("# EOF\n");
        // What is not built in is not promised.
        assertThat(metrics.scrape("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                                + "encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3")
                        .contentType())
                .startsWith("text/plain; version=0.0.4");
    }

    /** A gauge and a counter whose names differ by _total: to OpenMetrics that would be one name twice. */
    @Test
    void noFamilyIsThereTwice() {
        assertThat(text(null))
                .contains("# TYPE rpcward_tcp_connections gauge\nrpcward_tcp_connections{listener=\"lan\"} 0.0\n")
                .contains("# TYPE rpcward_tcp_connections_total counter\n");
        assertThat(text("application/openmetrics-text;version=1.0.0"))
                .contains("# TYPE rpcward_tcp_connections gauge\n")
                .contains("# TYPE rpcward_tcp_connections_total unknown\n")
                .contains("\nrpcward_tcp_connections_total{listener=\"lan\",result=\"accepted\"} 0.0\n");
        for (String accept : List.of("text/plain", "application/openmetrics-text;version=1.0.0")) {
            assertThat(text(accept)
                            .lines()
                            .filter(line -> line.startsWith("# TYPE"))
                            .map(line -> line.split(" ", -1)[2]))
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void connectionsOfListenersWithoutSeriesOfTheirOwnAreCountedTogether() {
        StringBuilder listeners = new StringBuilder();
        for (int i = 0; i < CallCounts.MAX_LISTENERS + 3; i++) {
            listeners.append(String.format("busy%d: { bind: [127.0.0.1], port: %d }, ", i, 1111 + i));
        }
        sources.policy(Policies.load("version: 1\nlisteners: { " + listeners
                + "}\nbackends: { legacy: { address: \"127.0.0.1:112\" } }\nrules: []\n"));

        assertThat(text(null).lines().filter(line -> line.matches("rpcward_tcp_connections_total.*accepted.*")))
                .hasSize(CallCounts.MAX_LISTENERS + 1)
                .contains("rpcward_tcp_connections_total{listener=\"overflow\",result=\"accepted\"} 6.0");
    }

    @Test
    void aFloodMakesNoSeries() {
        List<String> before = series();
        Policy policy = sources.policy();
        CallLog calls = new CallLog(new EventLog(OutputStream.nullOutputStream(), clock), counters, clock);
        Procedure[] procedures = Procedure.values();
        Fault[] faults = Fault.values();
        RecordingExchange exchange = RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, 1, 1));
        for (int i = 0; i < 100_000; i++) {
            Procedure procedure = procedures[i % procedures.length];
            Query query = new Query(
                    IpAddress.v4(0x0a000000 + i * 31), Transport.UDP, procedure.newestProtocol(), procedure, i, i);
            calls.decided(exchange, query, policy.rules().decide(query), null, policy);
            calls.malformed(exchange, faults[i % faults.length], Verdict.DROP, null, policy);
        }

        assertThat(series()).isEqualTo(before).hasSizeLessThan(MOST_SERIES);
        assertThat(text(null)).contains("rpcward_received_bytes_total{transport=\"udp\"} ");
    }

    @Test
    void durationsAreHistogramsWithTheirBounds() {
        CallLog calls = new CallLog(new EventLog(OutputStream.nullOutputStream(), clock), counters, clock);
        RecordingExchange exchange = RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.NULL, 2));
        calls.replied(exchange, Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.LOCAL, 24);
        calls.replied(exchange, Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.LOCAL, 24);
        calls.batchSent(300_000);

        assertThat(text(null))
                .contains(
                        "rpcward_call_duration_seconds_bucket{path=\"local\",transport=\"udp\",le=\"2.5E-4\"} 0\n",
                        "rpcward_call_duration_seconds_bucket{path=\"local\",transport=\"udp\",le=\"5.0E-4\"} 2\n",
                        "rpcward_call_duration_seconds_bucket{path=\"local\",transport=\"udp\",le=\"+Inf\"} 2\n",
                        "rpcward_call_duration_seconds_count{path=\"local\",transport=\"udp\"} 2\n",
                        "rpcward_call_duration_seconds_sum{path=\"local\",transport=\"udp\"} 6.0E-4\n");
    }

    @Test
    void namesOfThePolicyAreEscaped() {
        Policy quoted = Policies.of("""
                rules: [{ name: 'say "no" \\ or not', from: 198.51.100.0/24, then: refuse }]
                """);

        counters.serve(quoted);

        assertThat(text(null))
                .contains(
                        "rpcward_rule_hits_total{mode=\"enforce\",rule=\"say \\\"no\\\" \\\\ or not\",verdict=\"refuse\"} 0");
    }

    @Test
    void aReloadReplacesTheRevisionAndTheRules() {
        String revision = sources.policy().revision();
        assertThat(text(null)).contains("rpcward_config_info{mode=\"enforce\",revision=\"" + revision + "\"} 1");
        Policy next = Policies.of("""
                mode: audit
                rules: [{ name: other, from: 198.51.100.0/24, then: hide }]
                """);

        sources.policy(next);
        counters.serve(next);

        assertThat(text(null))
                .contains("rpcward_config_info{mode=\"audit\",revision=\"" + next.revision() + "\"} 1")
                .contains("rule=\"other\"")
                .contains("rpcward_audit_rules 1.0")
                .doesNotContain(revision)
                .doesNotContain("nfs clients");
    }

    private String text(@Nullable String accept) {
        return metrics.scrape(accept).text();
    }

    private List<String> series() {
        return text(null)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.substring(0, line.lastIndexOf(' ')))
                .toList();
    }
}

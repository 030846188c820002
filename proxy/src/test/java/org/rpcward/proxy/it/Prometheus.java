package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A real Prometheus on a host of the lab, with the configuration and the rules that are shipped, but in a hurry. */
final class Prometheus implements AutoCloseable {
    static final Path SHIPPED =
            Programs.distribution().resolve("deploy/prometheus").toAbsolutePath();
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** One value of an instant query. */
    private static final Pattern VALUE = Pattern.compile("\"value\":\\[[0-9.e+]+,\"([^\"]+)\"\\]");

    private static final Pattern ALERT = Pattern.compile("\"alertname\":\"([^\"]+)\"");

    private final Running process;
    private final Caller caller;

    /**
     * Starts it, and waits until it has scraped the first of its targets.
     *
     * @param rules makes of the rules that are shipped those that are followed
     */
    Prometheus(Host host, Path directory, UnaryOperator<String> rules, String... targets) throws IOException {
        Path copy = directory.resolve("rules.yaml");
        Files.writeString(copy, rules.apply(Files.readString(SHIPPED.resolve("rpcward.rules.yaml"))));
        Path configuration = directory.resolve("prometheus.yml");
        Files.writeString(
                configuration,
                Files.readString(SHIPPED.resolve("prometheus.yml"))
                        .replace("15s", "500ms")
                        .replace("rpcward.rules.yaml", copy.toString())
                        .replace("\"127.0.0.1:9111\"", "\"" + String.join("\", \"", targets) + "\""));
        process = host.start(List.of(
                Programs.path("prometheus"),
                "--config.file=" + configuration,
                "--storage.tsdb.path=" + directory.resolve("tsdb"),
                "--web.listen-address=127.0.0.1:9090"));
        caller = new Caller(host);
        await("Prometheus has scraped rpcward")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(query("up{job=\"rpcward\",instance=\"" + targets[0] + "\"}"))
                        .containsExactly(1.0));
    }

    /** The values of all series that an expression has now, as its API tells them. */
    List<Double> query(String expression) {
        List<Double> values = new ArrayList<>();
        Matcher matcher = VALUE.matcher(ask(expression));
        while (matcher.find()) {
            values.add(Double.valueOf(matcher.group(1)));
        }
        return values;
    }

    /** The names of the alerts that are pending or firing, of those that a selector selects. */
    Set<String> alerts(String selector) {
        return ALERT.matcher(ask("ALERTS{" + selector + "}"))
                .results()
                .map((MatchResult found) -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private String ask(String expression) {
        return caller.get(9090, "/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
    }

    void awaitValue(String expression, double value) {
        await(expression)
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(query(expression)).containsExactly(value));
    }

    @Override
    public void close() {
        caller.close();
        process.close();
    }
}

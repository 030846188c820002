package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each alert that is shipped comes when what it is about happens to a running rpcward, and is silent until then. The rules
 * are those that are shipped, but that they wait less before they fire. The windows of their rates are as shipped, so what
 * was caused goes on firing; the order of the tests is one in which none causes what a later one is about.
 */
@RequiresLab(programs = {"rpcbind", "prometheus", "prlimit", "mkfifo"})
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AlertsIT extends Opened {
    private static final int NFS = 100_003;
    private static final int UDP = 17;
    private static final int SET = 1;
    private static final int DUMP = 4;
    private static final String OTHER_CLIENT = "198.51.100.2";
    private static final byte[] LOOKUP = Calls.getPort(1, NFS, 3, UDP);
    private static final String FIRST = "127.0.0.1:9111";
    private static final String SECOND = "127.0.0.1:9112";

    /** More than the queue of a socket holds. */
    private static final int TOO_MANY_FOR_A_QUEUE = 12_000;

    /** More than a limit keeps buckets for, of sources that no allow rule names; too few calls for a spike of denials. */
    private static final int CROWD = 6_000;

    private static final int CONNECTIONS = 20;

    /** Those that rpcward needs for itself included. */
    private static final int DESCRIPTORS = 600;

    /** Of the connections that so many descriptors are good for, as rpcward reckons, more than nine tenths. */
    private static final int MANY_CONNECTIONS = 320;

    private static final int MOST_BANS = 10_000;

    private static final int ASKERS = 16;

    /** These also come when this machine is too busy to answer in time. */
    private static final Set<String> OF_A_BUSY_MACHINE = Set.of("RpcwardLatencyHigh", "RpcwardDown");

    private static final String POLICY = """
            version: 1
            listeners:
              lan:
                bind: [s0]
                workers: 1
                backend: legacy
                tcp: { max_connections: 20, max_per_source: 20, idle: 1m }
              slow: { bind: [s0], port: 1111, workers: 1, backend: slow }
            backends:
              legacy:
                address: ["10.111.0.2:111", "10.111.0.2:1111"]
                timeout: 1s
                fresh: 500ms
                retry: 200ms
                stale: 5s
                health: { rise: 1, fall: 1 }
              slow: { address: "10.111.0.2:1112", timeout: 5s, fresh: 500ms, retry: 200ms }
            groups: { clients: [192.0.2.2] }
            limits: { crowd: { rate: 1/h, burst: 1 } }
            rules:
              - { name: lists over udp, from: clients, call: list, over_udp: full, then: allow }
              - { name: clients look up, from: clients, call: [ping, lookup], then: allow }
              - { name: the crowd finds nothing, from: 10.9.0.0/16, then: hide, limit: crowd }
            log: { allow: none }
            admin: { http: "127.0.0.1:9111", socket: off }
            """;

    private static final String OTHER_POLICY = """
            version: 1
            listeners: { other: { bind: [s1], workers: 1, tcp: { max_per_source: 400, idle: 1m } } }
            backends: { table: { registry: [{ program: nfs, version: 3, netid: [udp, tcp], port: 2049 }] } }
            rules: [{ name: clients look up, from: [198.51.100.2, 10.9.0.0/16], call: lookup, then: allow }]
            enumeration: { throttle_at: 2, ban_at: 3 }
            bans: { first: 1h }
            log: { allow: all }
            admin: { http: "127.0.0.1:9112", socket: off }
            """;

    private final Set<String> raised = new TreeSet<>();
    private Path directory;
    private Lab lab;
    private Rpcbind rpcbind;
    private Running backends;
    private Rpcward rpcward;
    private @Nullable Rpcward second;
    private Caller caller;
    private Prometheus prometheus;

    @BeforeAll
    void start(@TempDir Path temporary) throws IOException {
        directory = temporary;
        lab = opened(new Lab(directory));
        lab.client().ip("route add local 10.8.0.0/15 dev lo");
        lab.proxy().ip("route add 10.8.0.0/15 via " + Lab.CLIENT_V4);
        rpcbind = opened(Rpcbind.start(lab.backend()));
        rpcbind.set(NFS, 3, "udp", 2049);
        backends = opened(lab.backend().converse(Programs.labProgram(HostileBackend.class, "1111=NONE", "1112=SLOW")));
        assertThat(backends.process().inputReader().readLine()).isEqualTo("ready");
        rpcward = opened(Rpcward.start(lab.proxy(), POLICY));
        caller = opened(new Caller(lab.client()));
        // Those that are not there yet are added now: Prometheus takes seconds to notice a change.
        prometheus = opened(new Prometheus(
                lab.proxy(), directory, rules -> rules.replaceAll("(?m)^( +for:) .*$", "$1 300ms"), FIRST, SECOND));
    }

    private void ask() {
        caller.udp(Lab.PROXY_V4, LOOKUP);
    }

    private void raises(String alert, Runnable cause) {
        raises(alert, "", cause, () -> {});
    }

    /**
     * The alert was not even pending, comes after the cause, and no other that was not there yet comes with it.
     *
     * @param among more that is said of the alert's labels
     * @param again what goes on until the alert comes
     */
    private void raises(String alert, String among, Runnable cause, Runnable again) {
        String selector = "alertname=\"" + alert + "\"" + among;
        assertThat(prometheus.alerts(selector)).as("before").isEmpty();

        cause.run();

        await(alert).atMost(Prometheus.PATIENCE).untilAsserted(() -> {
            again.run();
            assertThat(prometheus.alerts(selector + ",alertstate=\"firing\"")).isNotEmpty();
        });
        raised.add(alert);
        Set<String> others = prometheus.alerts("");
        others.removeAll(raised);
        others.removeAll(OF_A_BUSY_MACHINE);
        assertThat(others).as("with " + alert).isEmpty();
    }

    private void awaitEnd(String alert) {
        await("no " + alert)
                .atMost(Prometheus.PATIENCE)
                .untilAsserted(() -> assertThat(prometheus.alerts("alertname=\"" + alert + "\""))
                        .isEmpty());
    }

    @Test
    @Order(1)
    void ordinaryCallsRaiseNothing() {
        for (int i = 0; i < 20; i++) {
            ask();
        }

        prometheus.awaitValue("sum(rpcward_calls_total)", 20);
        // Of the same scrape as the calls, or of a later one.
        prometheus.awaitValue("min(rpcward:calls:rate5m > bool 0)", 1);
        Set<String> alerts = prometheus.alerts("");
        alerts.removeAll(OF_A_BUSY_MACHINE);
        assertThat(alerts).isEmpty();
    }

    @Test
    @Order(2)
    void listsOverUdpThatAreLongerThanTheirCalls() {
        for (int i = 0; i < 30; i++) {
            rpcbind.set(400_000 + i, 1, "udp", 10_000 + i);
        }

        raises("RpcwardAmplificationRatioHigh", "", () -> {}, () -> caller.udp(Lab.PROXY_V4, Calls.call(1, 2, DUMP)));
    }

    @Test
    @Order(3)
    void anAttemptToRegister() {
        raises(
                "RpcwardMutationAttempts",
                () -> caller.udp(
                        Lab.PROXY_V4, Calls.call(1, 4, SET, Calls.rpcb(NFS, 3, "udp", "192.0.2.2.8.1", "superuser"))));
    }

    @Test
    @Order(4)
    void aWalkThroughPrograms() {
        raises("RpcwardScan", () -> {
            for (int i = 0; i < 60; i++) {
                caller.udpCrowd("10.9.255.1", 1, Lab.PROXY_V4, 1, Calls.getPort(i, 300_000 + i, 1, UDP));
            }
        });
    }

    @Test
    @Order(5)
    void moreSourcesThanALimitHasBucketsFor() {
        raises("RpcwardLimiterTableFull", () -> caller.udpCrowd("10.9.0.0", CROWD, Lab.PROXY_V4, 2, LOOKUP));
        assertThat(prometheus.query("rpcward_limiter_entries > 0")).isNotEmpty();
    }

    @Test
    @Order(6)
    void moreCallsOfAClientThanItsQueueHolds() {
        raises("RpcwardUdpKernelDrops", () -> {
            rpcward.process().pause();
            caller.udpCrowd(Lab.CLIENT_V4, 1, Lab.PROXY_V4, TOO_MANY_FOR_A_QUEUE, LOOKUP);
            rpcward.process().resume();
        });
    }

    /** Nearly all of it is dropped in the kernel, and never becomes a call. */
    @Test
    @Order(8)
    void nearlyAllConnectionsOfAListener() {
        Caller holder = new Caller(lab.client());
        try {
            raises(
                    "RpcwardTcpExhaustion",
                    () -> assertThat(holder.hold(Caller.ANY_SOURCE, Lab.PROXY_V4, CONNECTIONS - 1, Calls.record(LOOKUP))
                                    .kept())
                            .isEqualTo(CONNECTIONS - 1));
        } finally {
            holder.close();
        }
        awaitEnd("RpcwardTcpExhaustion");
    }

    @Test
    @Order(9)
    void aSlowPortmapper() {
        raises(
                "RpcwardLatencyHigh",
                ",path=\"backend\"",
                () -> {},
                () -> assertThat(caller.udpLater(
                                        Caller.ANY_SOURCE,
                                        0,
                                        Lab.PROXY_V4,
                                        1111,
                                        Duration.ofSeconds(5),
                                        Calls.getPort(1, 555_555, 1, UDP))
                                .join()
                                .reply())
                        .isNotNull());
    }

    /** The rule is on trial for as long as the test's shorter wait, instead of two weeks. */
    @Test
    @Order(10)
    void aRuleThatStaysOnTrial() {
        raises("RpcwardAuditTooLong", () -> {
            rpcward.writePolicy(POLICY.replace("then: hide,", "mode: audit, then: hide,"));
            rpcward.process().signal("HUP");
        });
    }

    @Test
    @Order(11)
    void aPolicyThatCannotBeReadUntilItIsMended() {
        raises("RpcwardReloadFailed", () -> {
            rpcward.writePolicy("version: 1\nrules: nonsense\n");
            rpcward.process().signal("HUP");
        });

        rpcward.writePolicy(POLICY);
        rpcward.process().signal("HUP");
        awaitEnd("RpcwardReloadFailed");
        awaitEnd("RpcwardAuditTooLong");
    }

    @Test
    @Order(13)
    void onePortmapperOfTwoThatHangs() {
        raises("RpcwardBackendDown", "", () -> rpcbind.process().pause(), this::ask);
        assertThat(prometheus.query("max by (backend) (rpcward_backend_up)")).containsOnly(1.0);

        rpcbind.process().resume();
        awaitTurn("up");
        awaitEnd("RpcwardBackendDown");
    }

    @Test
    @Order(14)
    void aPortmapperThatComesAndGoes() {
        raises("RpcwardBackendFlapping", () -> {
            for (int i = 0; i < 2; i++) {
                rpcbind.process().pause();
                awaitTurn("down");
                rpcbind.process().resume();
                awaitTurn("up");
            }
        });
    }

    /** The log tells at once; Prometheus would see a turn only where it lasts until the next scrape. */
    private void awaitTurn(String to) {
        await("turned " + to).atMost(Prometheus.PATIENCE).until(() -> {
            ask();
            return rpcward.events("backend").stream()
                    .filter(e -> "10.111.0.2:111".equals(e.get("endpoint")))
                    .reduce((before, after) -> after)
                    .map(e -> to.equals(e.get("state")))
                    .orElse(false);
        });
    }

    /** Its listener was last asked long ago, so that one call makes rpcward ask. */
    @Test
    @Order(15)
    void aBackendWithoutAnyPortmapperLeft() {
        raises("RpcwardBackendUnavailable", () -> {
            backends.close();
            caller.udpLater(Caller.ANY_SOURCE, 0, Lab.PROXY_V4, 1111, Duration.ofSeconds(5), LOOKUP)
                    .join();
        });
    }

    @Test
    @Order(16)
    void answersFromACopyThatCannotBeRenewed() {
        raises("RpcwardServingStale", "", rpcbind::close, () -> caller.quietUdp(Lab.PROXY_V4, LOOKUP));
    }

    @Test
    @Order(17)
    void noAnswersWhenTheCopyIsTooOld() {
        raises("RpcwardUnanswered", "", () -> {}, () -> caller.quietUdp(Lab.PROXY_V4, LOOKUP));
    }

    /** Its log goes into a pipe that nobody reads, and it may have few files open. */
    @Test
    @Order(18)
    void anInstanceWithAnotherPolicy() {
        String limits = "ulimit -n " + DESCRIPTORS + " && mkfifo " + directory.resolve("log") + " && exec 3<>"
                + directory.resolve("log") + " && exec \"$@\" >&3 3>&-";
        raises(
                "RpcwardConfigDrift",
                () -> second =
                        opened(Rpcward.start(lab.proxy(), OTHER_POLICY, Map.of(), List.of("sh", "-c", limits, "sh"))));
    }

    @Test
    @Order(19)
    void aLogThatNobodyReads() {
        // Each of them waits for its answer: of a flood, most would be lost before it could become an event.
        raises(
                "RpcwardLogLost",
                () -> openedForThis(new Steady(lab.client(), Lab.PROXY_OTHER_V4, ASKERS, 0, 0, List.of(NFS + "/3"))));
    }

    @Test
    @Order(20)
    void moreBansThanThereIsRoomFor() {
        raises(
                "RpcwardBansFull",
                () -> caller.tcpCrowd(
                        "10.9.0.0", MOST_BANS + 50, Lab.PROXY_OTHER_V4, Calls.record(Calls.call(1, 2, DUMP))));
        assertThat(prometheus.query("rpcward_bans_active{ban_rule=\"enumeration\"} > 0"))
                .containsExactly((double) MOST_BANS);
    }

    /** What it has open is more than it may have: not one connection can be taken, until it may have more again. */
    @Test
    @Order(21)
    void noDescriptorsLeft() {
        Running process = Objects.requireNonNull(second).process();
        raises("RpcwardFailures", () -> {
            process.descriptors(1);
            assertThat(otherAsksOverTcp(Duration.ofSeconds(1))).isEmpty();
            process.descriptors(DESCRIPTORS);
        });
        assertThat(otherAsksOverTcp(Duration.ofSeconds(20))).hasSize(1);
        // What cannot be taken is tried again now and then, not all the time.
        assertThat(prometheus
                        .query("rpcward_failures_total{instance=\"" + SECOND + "\"}")
                        .get(0))
                .isLessThan(50);
    }

    private List<byte[]> otherAsksOverTcp(Duration patience) {
        return caller.tcpLater(
                        OTHER_CLIENT,
                        0,
                        Lab.PROXY_OTHER_V4,
                        111,
                        patience,
                        Duration.ofMillis(1),
                        32,
                        false,
                        List.of(Calls.record(LOOKUP)))
                .join()
                .records();
    }

    @Test
    @Order(22)
    void moreConnectionsThanDescriptorsAreGoodFor() {
        Caller holder = opened(new Caller(lab.client()));
        raises(
                "RpcwardOverloaded",
                () -> assertThat(holder.hold(OTHER_CLIENT, Lab.PROXY_OTHER_V4, MANY_CONNECTIONS, Calls.record(LOOKUP))
                                .kept())
                        .isEqualTo(MANY_CONNECTIONS));
    }

    @Test
    @Order(24)
    void rpcwardThatIsGone() {
        awaitEnd("RpcwardDown");

        raises("RpcwardDown", rpcward::close);
    }

    @Test
    @Order(25)
    void noAlertThatIsShippedWasLeftOut() throws IOException {
        Set<String> shipped = new TreeSet<>();
        Matcher names = Pattern.compile("- alert: (\\S+)")
                .matcher(Files.readString(Prometheus.SHIPPED.resolve("rpcward.rules.yaml")));
        while (names.find()) {
            shipped.add(names.group(1));
        }

        // More than is usual takes a day to tell, and a heap that is nearly full is no stable thing: promtool's tests
        // of
        // the rules have these.
        shipped.removeAll(Set.of("RpcwardDenySpike", "RpcwardHeapPressure"));
        assertThat(raised).isEqualTo(shipped);
    }
}

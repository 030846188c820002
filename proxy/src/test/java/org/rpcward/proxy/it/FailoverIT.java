package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.rpcb;
import static org.rpcward.proxy.it.Calls.words;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.proxy.it.Questions.Question;

/** A backend with two portmappers, of which one dies; and what the log tells of the registrations of a backend. */
@RequiresLab(programs = {"rpcbind", "tcpdump", "prlimit"})
class FailoverIT extends Opened {
    private static final int TCP = 6;
    private static final int SET = 1;
    private static final int NULL = 0;
    private static final int XID = 1;
    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final int NLOCKMGR = 100_021;
    private static final int TRANSIENT = 0x4000_0001;
    private static final int ABSENT = 0x3000_0000;

    private static final String FIRST = "10.111.0.2:111";
    private static final String SECOND = "10.112.0.2:111";
    private static final byte[] SYSTEM_ERR = words(XID, 1, 0, 0, 0, 5);

    private static final String TWO_ADDRESSES = "address: [\"10.111.0.2:111\", \"10.112.0.2:111\"], ";

    private Lab lab;
    private Host second;
    private Caller caller;
    private Caller within;
    private int misses;

    @BeforeAll
    void lab(@TempDir Path directory) {
        lab = new Lab(directory);
        opened(lab);
        second = new Host("second", directory);
        opened(second);
        lab.proxy().wire("b2", second, "b0");
        lab.proxy().ip("""
                addr add 10.112.0.1/24 dev b2
                link set b2 up
                """);
        second.ip("""
                addr add 10.112.0.2/24 dev b0
                link set b0 up
                """);
        caller = new Caller(lab.client());
        opened(caller);
        within = new Caller(lab.backend());
        opened(within);
    }

    private Rpcbind rpcbind(Host host, int nfsPort) {
        Rpcbind rpcbind = openedForThis(Rpcbind.start(host));
        rpcbind.set(NFS, 3, "tcp", nfsPort);
        return rpcbind;
    }

    private Rpcward rpcward(String settings) {
        return openedForThis(Rpcward.start(lab.proxy(), """
                version: 1
                listeners: { lan: { bind: [s0] } }
                backends: { legacy: { %s } }
                rules: [{ name: all, from: any, then: allow }]
                """.formatted(settings)));
    }

    private byte[] ask(int program, int version) {
        List<byte[]> replies = caller.tcp(Lab.PROXY_V4, Calls.record(getPort(XID, program, version, TCP)))
                .records();
        assertThat(replies).hasSize(1);
        return replies.get(0);
    }

    private int port(int program, int version) {
        byte[] reply = ask(program, version);
        assertThat(reply).hasSize(28);
        return Calls.word(reply, 6);
    }

    /** Asks for nfs until it is at this port; meanwhile it may be where it was, and nowhere else. */
    private void awaitNfs(int before, int after) {
        await().alias("nfs moves from " + before + " to " + after)
                .atMost(Duration.ofSeconds(15))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    int port = port(NFS, 3);
                    assertThat(port).isIn(before, after);
                    return port == after;
                });
    }

    /** What was told of the portmappers, in order: endpoint and state. */
    private static List<String> turns(Rpcward rpcward) {
        return rpcward.events("backend").stream()
                .map(e -> e.get("endpoint") + " " + e.get("state"))
                .toList();
    }

    @Test
    void theSecondPortmapperAnswersForTheFirstUntilThatIsBack() throws Exception {
        Rpcbind first = Rpcbind.start(lab.backend());
        first.set(NFS, 3, "tcp", 2049);
        Rpcbind other = rpcbind(second, 3049);
        Capture atFirst = openedForThis(new Capture(lab.backend(), "b0", "port 111"));
        Rpcward rpcward =
                rpcward(TWO_ADDRESSES + "fresh: 300ms, retry: 100ms, stale: 3s, health: { rise: 3, fall: 2 }");
        awaitNfs(2049, 2049);

        first.close();
        awaitNfs(2049, 3049);
        // Both of the failures that take it down.
        await().until(() -> {
            assertThat(port(NFS, 3)).isEqualTo(3049);
            return turns(rpcward).contains(FIRST + " down");
        });
        await().untilAsserted(() -> assertThat(turns(rpcward)).contains(SECOND + " up"));
        assertThat(turns(rpcward)).doesNotContain(SECOND + " down");
        assertThat(rpcward.events("backend"))
                .anySatisfy(event -> assertThat(event)
                        .containsEntry("backend", "legacy")
                        .containsEntry("endpoint", FIRST)
                        .containsEntry("state", "down")
                        .containsKey("reason"));
        atFirst.packets();

        Capture again = openedForThis(new Capture(lab.backend(), "b0", "port 111 and tcp"));
        Rpcbind back = Rpcbind.start(lab.backend());
        back.set(NFS, 3, "tcp", 4049);
        awaitNfs(3049, 4049);
        await().untilAsserted(() -> assertThat(turns(rpcward)).endsWith(FIRST + " up"));
        List<Integer> procedures =
                Questions.of(again.packets()).stream().map(Question::procedure).toList();
        assertThat(procedures.indexOf(4))
                .as("pings before it is read: %s", procedures)
                .isGreaterThanOrEqualTo(3);
        assertThat(procedures.subList(0, 3)).containsOnly(NULL);

        // Both are gone.
        back.close();
        other.close();
        long gone = System.nanoTime();
        await().alias("what is known is stale")
                .atMost(Duration.ofSeconds(15))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    byte[] reply = ask(NFS, 3);
                    assertThat(reply).isIn(words(XID, 1, 0, 0, 0, 0, 4049), SYSTEM_ERR);
                    return Arrays.equals(reply, SYSTEM_ERR);
                });
        assertThat(Duration.ofNanos(System.nanoTime() - gone)).isBetween(Duration.ofSeconds(2), Duration.ofSeconds(8));
        await().pollInterval(Duration.ofMillis(50))
                .atMost(Duration.ofSeconds(10))
                .until(() -> {
                    ask(NFS, 3);
                    return turns(rpcward).containsAll(List.of(FIRST + " down", SECOND + " down"));
                });
        rpcbind(second, 5049);
        await().atMost(Duration.ofSeconds(5))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> Arrays.equals(ask(NFS, 3), words(XID, 1, 0, 0, 0, 0, 5049)));
    }

    @Test
    void theSecondPortmapperAnswersForOneThatHangs() {
        Rpcbind first = rpcbind(lab.backend(), 2049);
        rpcbind(second, 3049);
        Rpcward rpcward = rpcward(
                TWO_ADDRESSES + "fresh: 300ms, retry: 100ms, stale: 1m, timeout: 1s, health: { rise: 2, fall: 1 }");
        awaitNfs(2049, 2049);

        first.process().pause();
        try {
            awaitNfs(2049, 3049);
            await().untilAsserted(() -> assertThat(turns(rpcward)).contains(FIRST + " down", SECOND + " up"));
        } finally {
            first.process().resume();
        }

        awaitNfs(3049, 2049);
        await().untilAsserted(() -> assertThat(turns(rpcward)).endsWith(FIRST + " up"));
    }

    /** What it has open is more than it may have: no socket towards the backend can be made meanwhile. */
    @Test
    void aBackendThatCouldNotBeAskedForWantOfDescriptorsIsAskedAgain() {
        Rpcbind rpcbind = Rpcbind.start(lab.backend());
        rpcbind.set(NFS, 3, "tcp", 2049);
        Rpcward rpcward = rpcward(
                "address: \"10.111.0.2:111\", fresh: 300ms, retry: 100ms, stale: 1m, health: { rise: 1, fall: 1 }");
        awaitNfs(2049, 2049);

        rpcward.process().descriptors(1);
        rpcbind.close();
        // Over UDP, where no descriptor is needed to be heard.
        await().until(() -> {
            caller.udp(Lab.PROXY_V4, getPort(XID, ABSENT + ++misses, 1, TCP));
            return turns(rpcward).contains(FIRST + " down");
        });
        rpcbind(lab.backend(), 3049);
        rpcward.process().descriptors(1024);

        awaitNfs(2049, 3049);
    }

    /** It is pinged before it is believed, and it listens on UDP alone. */
    @Test
    void anOldPortmapperThatComesBackIsUsedAgain() throws Exception {
        Running old = oldPortmapper();
        rpcbind(second, 3049);
        rpcward(TWO_ADDRESSES + "fresh: 300ms, retry: 100ms, stale: 1m, timeout: 1s, health: { rise: 1, fall: 1 }");
        awaitNfs(2049, 2049);

        old.close();
        awaitNfs(2049, 3049);
        openedForThis(oldPortmapper());

        awaitNfs(3049, 2049);
    }

    private Running oldPortmapper() throws IOException {
        Running old = lab.backend()
                .converse(Programs.labProgram(
                        OldPortmapper.class, Lab.BACKEND_V4, "111", "udp", "0", "100003/3/tcp/2049"));
        assertThat(old.process().inputReader().readLine()).isEqualTo("ready");
        return old;
    }

    private static List<String> expectations(Rpcward rpcward) {
        return rpcward.events("expectation").stream()
                .map(e -> program(e) + " " + e.get("state") + " " + e.getOrDefault("found", "nowhere"))
                .toList();
    }

    private static Object program(Map<String, Object> event) {
        return event.get("program") instanceof Map<?, ?> program ? String.valueOf(program.get("name")) : "none";
    }

    /** Makes rpcward read the registry a few times. */
    private void letItRead(Rpcbind rpcbind, int times) {
        for (int i = 0; i < times; i++) {
            int before = Statistics.calls(rpcbind.statistics(), 4, 4);
            await().atMost(Duration.ofSeconds(10))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> {
                        assertThat(port(ABSENT + ++misses, 1)).isZero();
                        return Statistics.calls(rpcbind.statistics(), 4, 4) > before;
                    });
        }
    }

    private static List<String> expectedWords(Rpcward rpcward, String program) {
        return expectations(rpcward).stream()
                .filter(e -> e.startsWith(program + " "))
                .map(e -> e.substring(program.length() + 1))
                .toList();
    }

    @Test
    void whatIsExpectedAndIsNotSoIsToldOnceAndServedWhereThePolicySaysSo() {
        Rpcbind rpcbind = rpcbind(lab.backend(), 2049);
        rpcbind.set(MOUNTD, 3, "tcp", 40_000);
        Rpcward rpcward = rpcward("""
                address: "10.111.0.2:111", fresh: 1h, stale: 2h, retry: 100ms, expect: [
                { program: nfs, version: 3, netid: tcp, port: 2049 },
                { program: mountd, version: 3, netid: tcp, port: 20048 },
                { program: nlockmgr, version: 4, netid: tcp, port: 32803, then: serve } ]
                """.replace('\n', ' '));
        letItRead(rpcbind, 3);

        await().untilAsserted(() -> assertThat(expectations(rpcward))
                .containsExactlyInAnyOrder("mountd moved 40000", "nlockmgr missing nowhere"));
        assertThat(rpcward.events("expectation"))
                .allSatisfy(e -> assertThat(e)
                        .containsEntry("backend", "legacy")
                        .containsEntry("netid", "tcp")
                        .containsEntry("port", program(e).equals("mountd") ? 20_048L : 32_803L)
                        .containsEntry("served", program(e).equals("nlockmgr")));
        assertThat(port(MOUNTD, 3)).isEqualTo(40_000);
        assertThat(port(NLOCKMGR, 4)).isEqualTo(32_803);

        rpcbind.set(NLOCKMGR, 4, "tcp", 50_000);
        letItRead(rpcbind, 3);
        assertThat(port(NLOCKMGR, 4)).isEqualTo(32_803);
        // All is well only when it is where it should be.
        assertThat(expectedWords(rpcward, "nlockmgr")).containsExactly("missing nowhere", "moved 50000");

        rpcbind.unset(MOUNTD, 3, "tcp");
        letItRead(rpcbind, 2);
        assertThat(expectedWords(rpcward, "mountd")).containsExactly("moved 40000", "missing nowhere");
        assertThat(port(MOUNTD, 3)).isZero();

        rpcbind.set(MOUNTD, 3, "tcp", 20_048);
        rpcbind.unset(NLOCKMGR, 4, "tcp");
        rpcbind.set(NLOCKMGR, 4, "tcp", 32_803);
        letItRead(rpcbind, 3);
        assertThat(expectedWords(rpcward, "mountd"))
                .containsExactly("moved 40000", "missing nowhere", "settled nowhere");
        assertThat(expectedWords(rpcward, "nlockmgr"))
                .containsExactly("missing nowhere", "moved 50000", "settled nowhere");
        assertThat(port(MOUNTD, 3)).isEqualTo(20_048);
        assertThat(port(NLOCKMGR, 4)).isEqualTo(32_803);
        assertThat(expectedWords(rpcward, "nfs")).isEmpty();
    }

    /** By a process without privilege, which rpcbind calls unknown. */
    private void setByAnybody(int program, int version, int port) {
        String address = "0.0.0.0." + (port >> 8) + "." + (port & 0xff);
        byte[] set = Calls.call(XID, 4, SET, rpcb(program, version, "tcp", address, "anybody"));
        assertThat(within.tcp("127.0.0.1", Calls.record(set)).records()).containsExactly(words(XID, 1, 0, 0, 0, 0, 1));
    }

    private static Set<String> changes(Rpcward rpcward) {
        List<String> all = rpcward.events("registry").stream()
                .map(e -> e.get("change") + " "
                        + (e.get("program") instanceof Map<?, ?> program ? program.get("number") : "none") + " "
                        + e.get("address") + " " + e.get("owner") + " was " + e.getOrDefault("was", "nothing"))
                .toList();
        Set<String> once = new TreeSet<>(all);
        assertThat(all).as("each change is told once").hasSameSizeAs(once);
        return once;
    }

    @Test
    void everyChangeOfTheRegistryIsToldOnce() {
        Rpcbind rpcbind = rpcbind(lab.backend(), 2049);
        rpcbind.set(MOUNTD, 3, "tcp", 20_048);
        rpcbind.set(300_000, 1, "tcp", 10_000);
        Rpcward rpcward = rpcward("address: \"10.111.0.2:111\", fresh: 1h, stale: 2h, retry: 100ms");
        letItRead(rpcbind, 2);
        assertThat(changes(rpcward))
                .as("what was there from the beginning is no change")
                .isEmpty();

        rpcbind.set(300_001, 1, "tcp", 10_001);
        rpcbind.set(TRANSIENT, 1, "tcp", 10_002);
        rpcbind.unset(300_000, 1, "tcp");
        rpcbind.unset(MOUNTD, 3, "tcp");
        rpcbind.set(MOUNTD, 3, "tcp", 20_049);
        rpcbind.unset(NFS, 3, "tcp");
        setByAnybody(NFS, 3, 2049);
        letItRead(rpcbind, 4);

        assertThat(changes(rpcward))
                .containsExactly(
                        "appeared 300001 0.0.0.0.39.17 superuser was nothing",
                        "gone 300000 0.0.0.0.39.16 superuser was nothing",
                        "moved 100005 0.0.0.0.78.81 superuser was 0.0.0.0.78.80 superuser",
                        "owner 100003 0.0.0.0.8.1 unknown was 0.0.0.0.8.1 superuser",
                        "transient 1073741825 0.0.0.0.39.18 superuser was nothing");
        assertThat(rpcward.events("expectation")).isEmpty();
    }
}

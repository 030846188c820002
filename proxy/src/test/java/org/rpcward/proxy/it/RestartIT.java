package org.rpcward.proxy.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.rpcward.proxy.it.Calls.getPort;
import static org.rpcward.proxy.it.Calls.words;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** rpcward starts again while its backend is away, with what it kept of it in a state directory. */
@RequiresLab(programs = {"rpcbind"})
class RestartIT extends Opened {
    private static final int TCP = 6;
    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final Duration STALE = Duration.ofSeconds(8);
    private static final byte[] CALL = getPort(1, NFS, 3, TCP);
    private static final byte[] ANSWER = words(1, 1, 0, 0, 0, 0, 2049);
    private static final byte[] SYSTEM_ERR = words(1, 1, 0, 0, 0, 5);

    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: [s0] } }
            backends: { legacy: { address: "10.111.0.2:111", fresh: 300ms, retry: 100ms, stale: 8s } }
            rules: [{ name: all, from: any, then: allow }]
            """;

    private Path directory;
    private Lab lab;
    private Caller caller;

    @BeforeAll
    void lab(@TempDir Path temporary) {
        directory = temporary;
        lab = new Lab(temporary);
        opened(lab);
        caller = new Caller(lab.client());
        opened(caller);
    }

    private Rpcbind rpcbind() {
        Rpcbind rpcbind = openedForThis(Rpcbind.start(lab.backend()));
        rpcbind.set(NFS, 3, "tcp", 2049);
        rpcbind.set(NFS, 3, "tcp6", 2049);
        return rpcbind;
    }

    private Rpcward rpcward(Path state) {
        return openedForThis(Rpcward.start(lab.proxy(), POLICY, Map.of("STATE_DIRECTORY", state.toString())));
    }

    private byte[] ask(byte[] call) {
        return ask(111, call);
    }

    private byte[] ask(int port, byte[] call) {
        Duration patience = Duration.ofSeconds(5);
        List<byte[]> replies = caller.tcpLater(
                        Caller.ANY_SOURCE,
                        0,
                        Lab.PROXY_V4,
                        port,
                        patience,
                        patience,
                        Integer.MAX_VALUE,
                        true,
                        List.of(Calls.record(call)))
                .join()
                .records();
        assertThat(replies).hasSize(1);
        return replies.get(0);
    }

    private void awaitAnswer(byte[] answer) {
        await().atMost(STALE.plusSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> Arrays.equals(ask(CALL), answer));
    }

    private static List<Path> files(Path state) throws IOException {
        try (Stream<Path> files = Files.list(state)) {
            return files.toList();
        }
    }

    /** The one file that is kept, once it has this in it. */
    private static Path kept(Path state, String content) {
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    List<Path> files = files(state);
                    return files.size() == 1 && Files.readString(files.get(0)).contains(content);
                });
        try {
            return files(state).get(0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aRestartWithoutTheBackendGoesOnAnsweringUntilWhatIsKnownIsStale() throws Exception {
        Path state = Files.createDirectory(directory.resolve("restart"));
        Rpcbind rpcbind = rpcbind();
        Rpcward first = rpcward(state);
        awaitAnswer(ANSWER);
        byte[] list = ask(Calls.call(1, 4, 4));
        Path file = kept(state, "100003 3 tcp ");
        first.close();
        rpcbind.close();
        Duration age = Duration.between(Files.getLastModifiedTime(file).toInstant(), Instant.now());

        Rpcward again = rpcward(state);
        long begin = System.nanoTime();
        assertThat(ask(CALL)).isEqualTo(ANSWER);
        assertThat(caller.udp(Lab.PROXY_V4, CALL).orFail()).isEqualTo(ANSWER);
        assertThat(ask(Calls.call(1, 4, 4))).isEqualTo(list);
        assertThat(ask(getPort(1, MOUNTD, 3, TCP))).isEqualTo(words(1, 1, 0, 0, 0, 0, 0));

        awaitAnswer(SYSTEM_ERR);
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .isLessThan(STALE.minus(age).plusSeconds(2));
        assertThat(caller.quietUdp(Lab.PROXY_V4, CALL).hex()).isEqualTo("silence");
        assertThat(again.events("state")).isEmpty();

        rpcbind();
        awaitAnswer(ANSWER);
    }

    @Test
    void whatChangedWhileRpcwardWasAwayIsTold() throws Exception {
        Path state = Files.createDirectory(directory.resolve("changed"));
        Rpcbind rpcbind = rpcbind();
        Rpcward first = rpcward(state);
        awaitAnswer(ANSWER);
        kept(state, "100003 3 tcp ");
        first.close();
        rpcbind.unset(NFS, 3, "tcp");
        rpcbind.set(NFS, 3, "tcp", 666);

        Rpcward again = rpcward(state);

        awaitAnswer(words(1, 1, 0, 0, 0, 0, 666));
        again.awaitLog("\"event\":\"registry\"");
        assertThat(again.events("registry"))
                .singleElement()
                .satisfies(event -> assertThat(event)
                        .containsEntry("change", "moved")
                        .containsEntry("was", "0.0.0.0.8.1 superuser"));
        kept(state, "0.0.0.0.2.154");
    }

    /** What rpcward would write, with a sum that is right. */
    private static byte[] summed(String text) {
        try {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.ISO_8859_1));
            return (text + "sha256 " + HexFormat.of().formatHex(sum) + "\n").getBytes(StandardCharsets.ISO_8859_1);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Files that nobody should believe, by what was done to them. */
    private static Map<String, byte[]> wrongFiles(String text) {
        byte[] good = summed(text);
        String line = text.lines()
                .filter(l -> l.startsWith("100003 3 tcp "))
                .findFirst()
                .orElseThrow();
        String head = text.lines().findFirst().orElseThrow();
        String time = head.split(" ", -1)[2];
        byte[] noise = new byte[4096];
        new Random(1).nextBytes(noise);
        byte[] flipped = good.clone();
        flipped[flipped.length / 2] ^= 1;
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("empty", new byte[0]);
        files.put("cut", Arrays.copyOf(good, good.length / 2));
        files.put("cut-by-one", Arrays.copyOf(good, good.length - 1));
        files.put("longer", Calls.concat(good, new byte[] {'\n'}));
        files.put("flipped", flipped);
        files.put(
                "altered",
                new String(good, StandardCharsets.ISO_8859_1)
                        .replace(line, line.replace(".8.1", ".2.154"))
                        .getBytes(StandardCharsets.ISO_8859_1));
        files.put("binary", noise);
        files.put("long", new byte[9 << 20]);
        files.put(
                "tomorrow",
                summed(text.replace(time, Instant.now().plusSeconds(86_400).toString())));
        files.put("last-year", summed(text.replace(time, "2001-01-01T00:00:00Z")));
        files.put("before-christ", summed(text.replace(time, "-0044-03-15T12:00:00Z")));
        files.put("no-time", summed(text.replace(time, "noon")));
        files.put("another-version", summed(text.replace("rpcward-registry 1", "rpcward-registry 2")));
        files.put("another-backend", summed(text.replace("10.111.0.2:111", "10.6.6.6:111")));
        files.put("no-number", summed(text.replace(line, line.replace("100003", "nfs"))));
        files.put("no-address", summed(text.replace(line, "100003 3 tcp /run/rpcbind.sock superuser")));
        files.put("too-few-words", summed(text.replace(line, "100003 3 tcp")));
        return files;
    }

    @Test
    void aFileThatIsNotWhatWasWrittenIsNotBelievedAndToldOfAndTheStartGoesOn() throws Exception {
        Path state = Files.createDirectory(directory.resolve("wrong"));
        Rpcbind rpcbind = rpcbind();
        Rpcward first = rpcward(state);
        awaitAnswer(ANSWER);
        Path file = kept(state, "100003 3 tcp ");
        first.close();
        rpcbind.close();
        String written = Files.readString(file);
        String text = written.substring(0, written.lastIndexOf("sha256 "));
        assertThat(summed(text)).asString(StandardCharsets.ISO_8859_1).isEqualTo(written);
        Files.delete(file);
        text = text.replace(text.split(" ", -1)[2], Instant.now().toString());

        // A backend and a listener for each, all in one go.
        Map<String, byte[]> wrong = wrongFiles(text);
        StringBuilder listeners = new StringBuilder();
        StringBuilder backends = new StringBuilder();
        List<String> names = new ArrayList<>(wrong.keySet());
        names.add("a-directory");
        names.add("right");
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            listeners
                    .append("  l-" + name + ": { bind: [192.0.2.1], transports: tcp, backend: " + name)
                    .append(", port: " + (2000 + i) + " }\n");
            backends.append("  " + name + ": { address: \"10.111.0.2:111\", stale: 1h, timeout: 300ms }\n");
        }
        for (Map.Entry<String, byte[]> entry : wrong.entrySet()) {
            Files.write(state.resolve(entry.getKey() + ".registry"), entry.getValue());
        }
        Files.createDirectory(state.resolve("a-directory.registry"));
        Files.write(state.resolve("right.registry"), summed(text));

        Rpcward again = openedForThis(Rpcward.start(
                lab.proxy(),
                "version: 1\nlisteners:\n" + listeners + "backends:\n" + backends
                        + "rules: [{ name: all, from: any, then: allow }]\n",
                Map.of("STATE_DIRECTORY", state.toString())));

        assertThat(ask(2000 + names.indexOf("right"), CALL)).isEqualTo(ANSWER);
        for (int i = 0; i < names.size() - 1; i++) {
            assertThat(ask(2000 + i, CALL)).as(names.get(i)).isEqualTo(SYSTEM_ERR);
        }
        List<String> reasons = again.events("state").stream()
                .map(e -> String.valueOf(e.get("reason")))
                .toList();
        assertThat(reasons).hasSize(names.size() - 1);
        for (String name : names.subList(0, names.size() - 1)) {
            assertThat(reasons).as(name).anyMatch(reason -> reason.contains("/" + name + ".registry"));
        }
        assertThat(again.diagnostics()).doesNotContain("Exception", "\tat ");
    }

    /** It is no directory, it is not there, and it has no room left. */
    @Test
    void aDirectoryThatCannotBeWrittenHurtsNobody() throws Exception {
        Path noDirectory = Files.createFile(directory.resolve("a-file"));
        Path missing = directory.resolve("missing");
        Path full = Files.createDirectory(directory.resolve("full"));
        lab.proxy().shell("mount -t tmpfs -o size=4k none " + full).orFail();
        Rpcbind rpcbind = rpcbind();
        for (int i = 0; i < 300; i++) {
            rpcbind.set(300_000 + i, 1, "tcp", 10_000 + i);
        }
        for (Path state : List.of(noDirectory, missing, full)) {
            Rpcward rpcward = rpcward(state);
            awaitAnswer(ANSWER);
            rpcward.awaitLog("\"event\":\"state\"");

            assertThat(rpcward.events("state")).as(state.toString()).hasSizeBetween(1, 3);
            assertThat(rpcward.diagnostics()).doesNotContain("Exception", "\tat ");
            rpcward.close();
            assertThat(rpcward.process().exit(Duration.ofSeconds(5))).isZero();
        }
        lab.proxy().shell("umount " + full).orFail();
    }
}

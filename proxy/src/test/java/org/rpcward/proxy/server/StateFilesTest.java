package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Place;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.registry.RegistryStore.Kept;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class StateFilesTest {
    private static final Duration FRESH = Duration.ofSeconds(5);
    private static final BackendPolicy BACKEND = backend("legacy", 111);
    private static final List<Mapping> ROWS = List.of(
            new Mapping(100_003, 3, "tcp", Netid.TCP, IpAddress.v4(0), 2049, "superuser"),
            Mapping.anywhere(-1, -1, Netid.UDP6, 65535),
            new Mapping(0x40000001, 0, "sctp", null, IpAddress.v4(0x7f000001), 1, "0"));

    @TempDir
    Path directory = Path.of("");

    private final FakeClock clock = new FakeClock();
    private final List<String> failures = new ArrayList<>();

    private static BackendPolicy backend(String name, int port) {
        return new BackendPolicy(
                name,
                Place.BUILTIN,
                List.of(new BackendPolicy.Endpoint(IpAddress.v4(0x7f000001), port)),
                List.of(),
                List.of(),
                List.of(),
                BackendPolicy.Answers.MIRROR,
                FRESH,
                Duration.ofMinutes(10),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                BackendPolicy.Health.DEFAULT);
    }

    @Test
    void believesNothingThatAnotherAddressSaid() {
        files().save(BACKEND, ROWS);

        assertThat(files().load(backend("legacy", 112))).isNull();
        assertThat(failures).hasSize(1);
    }

    @Test
    void believesNothingThatIsOlderThanAWeek() {
        files().save(BACKEND, ROWS);
        clock.pass(Duration.ofDays(7).plusSeconds(1));

        assertThat(files().load(BACKEND)).isNull();
    }

    @Test
    void believesNoOddContentThoughItsSumIsRight() throws Exception {
        for (String content : List.of(
                "rpcward-registry 1 yesterday 127.0.0.1:111\n",
                "rpcward-registry 1 1500-01-01T00:00:00Z 127.0.0.1:111\n",
                "rpcward-registry 1 +1000000000-12-31T23:59:59Z 127.0.0.1:111\n",
                "rpcward-registry 1 " + clock.instant() + " 127.0.0.1:111\nnfs 3 tcp 0.0.0.0.8.1 -\n",
                "rpcward-registry 1 " + clock.instant() + " 127.0.0.1:111\n99999999999 3 tcp 0.0.0.0.8.1 -\n",
                "rpcward-registry 1 " + clock.instant() + " 127.0.0.1:111\n\n",
                "rpcward-registry 1\n")) {
            String sum = HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.US_ASCII)));
            Files.writeString(directory.resolve("legacy.registry"), content + "sha256 " + sum + "\n");

            assertThat(files().load(BACKEND)).as(content).isNull();
        }
    }

    @Test
    void givesBackWhatItKeptWithItsAge() {
        files().save(BACKEND, ROWS);
        clock.pass(Duration.ofHours(3));

        assertThat(files().load(BACKEND)).isEqualTo(new Kept(ROWS, Duration.ofHours(3)));
        assertThat(failures).isEmpty();
    }

    @Test
    void keepsAnEmptyRegistryToo() {
        files().save(BACKEND, List.of());

        assertThat(files().load(BACKEND)).isEqualTo(new Kept(List.of(), FRESH));
    }

    @Test
    void hasNothingOfABackendThatItDoesNotKnow() {
        files().save(backend("other", 111), ROWS);

        assertThat(files().load(BACKEND)).isNull();
        assertThat(failures).isEmpty();
    }

    @Test
    void keepsEachBackendInAFileOfItsOwnWhateverItsName() throws IOException {
        StateFiles files = files();
        List<String> names = List.of("a/b", "..", "a_2fb", "A", "a", "\u00e9");
        for (int i = 0; i < names.size(); i++) {
            files.save(backend(names.get(i), 111), List.of(ROWS.get(0).withPort(1000 + i)));
        }

        for (int i = 0; i < names.size(); i++) {
            assertThat(files.load(backend(names.get(i), 111)))
                    .isEqualTo(new Kept(List.of(ROWS.get(0).withPort(1000 + i)), FRESH));
        }
        try (Stream<Path> kept = Files.list(directory)) {
            assertThat(kept)
                    .hasSize(names.size())
                    .allMatch(f -> f.getFileName().toString().matches("[a-z0-9_-]+\\.registry"));
        }
    }

    @Test
    void believesNoFileThatWasCutOrChanged() throws IOException {
        files().save(BACKEND, ROWS);
        Path file = directory.resolve("legacy.registry");
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertThat(files().load(BACKEND)).as("%d bytes", length).isNull();
        }
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            Files.write(file, changed);
            assertThat(files().load(BACKEND)).as("at %d", at).isNull();
        }
        Files.write(file, new byte[5 << 20]);
        assertThat(files().load(BACKEND)).isNull();
        assertThat(failures)
                .hasSize(2 * whole.length + 1)
                .allMatch(f -> f.endsWith("is not what was written there for this backend, and is not used"));
    }

    @Test
    void believesNoFileFromTheFuture() {
        FakeClock later = new FakeClock();
        later.pass(Duration.ofSeconds(1));
        new StateFiles(directory, later, new SameThread(), failures::add).save(BACKEND, ROWS);

        assertThat(files().load(BACKEND)).isNull();
    }

    @Test
    void writesWhatDidNotChangeNoMoreThanOnceAMinute() throws IOException {
        StateFiles files = files();
        Path file = directory.resolve("legacy.registry");
        files.save(BACKEND, ROWS);
        String first = Files.readString(file, StandardCharsets.US_ASCII);
        clock.pass(Duration.ofSeconds(59));
        files.save(BACKEND, ROWS);
        assertThat(Files.readString(file, StandardCharsets.US_ASCII)).isEqualTo(first);

        files.save(BACKEND, ROWS.subList(0, 1));
        assertThat(files.load(BACKEND)).isEqualTo(new Kept(ROWS.subList(0, 1), FRESH));
        clock.pass(Duration.ofMinutes(1));
        files.save(BACKEND, ROWS.subList(0, 1));
        assertThat(files.load(BACKEND)).isEqualTo(new Kept(ROWS.subList(0, 1), FRESH));
    }

    @Test
    void tellsWhyItCannotReadOrWrite() throws IOException {
        Files.createDirectories(directory.resolve("legacy.registry").resolve("full"));
        StateFiles files = files();
        assertThat(files.load(BACKEND)).isNull();
        files.save(BACKEND, ROWS);

        assertThat(failures)
                .satisfiesExactly(
                        f -> assertThat(f).contains("legacy.registry cannot be read: "),
                        f -> assertThat(f).contains("legacy.registry cannot be written: "));
    }

    private StateFiles files() {
        return new StateFiles(directory, clock, new SameThread(), failures::add);
    }

    /** Runs tasks at once. */
    private static final class SameThread extends AbstractExecutorService {
        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public void shutdown() {
            // There is nothing to end.
        }

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, @Nullable TimeUnit unit) {
            return true;
        }
    }
}

package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.policy.LogPolicy;

class EventLogTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-01T12:00:00.123456Z"));
    private static final int QUEUE = 8192;
    private static final LogPolicy WORDS =
            new LogPolicy(LogPolicy.Format.TEXT, LogPolicy.STDOUT, 1000, Duration.ofSeconds(10));

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final EventLog log = new EventLog(out, CLOCK);

    @Test
    void writesAnEventAsALineOfJson() {
        Map<String, Object> event = log.event("call");
        Map<String, Object> program = new LinkedHashMap<>();
        program.put("name", "nfs");
        program.put("number", 100_003L);
        event.put("program", program);
        event.put("suppressed", 0);
        event.put("served", true);
        log.queue(event);

        assertThat(written())
                .isEqualTo("{\"time\":\"2026-11-01T12:00:00.123Z\",\"event\":\"call\","
                        + "\"program\":{\"name\":\"nfs\",\"number\":100003},\"suppressed\":0,\"served\":true}\n");
    }

    @Test
    void escapesWhateverATerminalOrAPageCouldActOn() {
        Map<String, Object> event = log.event("call");
        event.put("reason", "a\"b\\c\nd\u001b[31m\u0000\u007f\u009b\u2028\u202e\u00e9\ud83d\ude00");
        log.queue(event);

        assertThat(written())
                .endsWith(
                        ",\"reason\":\"a\\\"b\\\\c\\nd\\u001B[31m\\u0000\\u007F\\u009B\\u2028\\u202E\\u00E9\\uD83D\\uDE00\"}\n")
                .matches("[ -~]+\n");
    }

    @Test
    void escapesTheNamesOfFieldsToo() {
        Map<String, Object> event = log.event("call");
        event.put("a\"\n\u001b", "x");
        log.queue(event);

        assertThat(written()).endsWith(",\"a\\\"\\n\\u001B\":\"x\"}\n");
    }

    @Test
    void writesAnEventAsWords() throws Exception {
        log.follow(WORDS);
        Map<String, Object> event = log.event("call");
        Map<String, Object> program = new LinkedHashMap<>();
        program.put("name", "nfs");
        program.put("number", 100_003L);
        event.put("source", "192.0.2.7");
        event.put("program", program);
        event.put("rule", "nfs clients find nfs");
        event.put("reason", "");
        event.put("suppressed", 3);
        log.queue(event);

        assertThat(written())
                .isEqualTo("2026-11-01T12:00:00.123Z call source=192.0.2.7 program=nfs/100003"
                        + " rule=\"nfs clients find nfs\" reason=\"\" suppressed=3\n");
    }

    @Test
    void escapesInWordsToo() throws Exception {
        log.follow(WORDS);
        for (String text :
                new String[] {"a\"b", "a=b", "a\nb", "\u001b[31m", "\u007f", "\u009b", "\u202e", "caf\u00e9"}) {
            Map<String, Object> event = log.event("call");
            event.put("reason", text);
            log.queue(event);
        }

        assertThat(written().lines())
                .allMatch(line -> line.matches("2026-11-01T12:00:00.123Z call reason=\"[ -~]+\""))
                .hasSize(8);
    }

    @Test
    void leavesOutAndCountsWhatDoesNotFitIntoTheQueue() {
        for (int i = 0; i < QUEUE + 10; i++) {
            Map<String, Object> event = log.event("call");
            event.put("number", i);
            log.queue(event);
        }
        assertThat(log.lost()).isEqualTo(10);

        List<String> lines = written().lines().toList();
        assertThat(lines).hasSize(QUEUE + 1).last().asString().contains("\"number\":8191}");
        assertThat(lines)
                .filteredOn(line -> line.contains("\"event\":\"log\""))
                .singleElement()
                .asString()
                .contains("\"suppressed\":10,");
    }

    @Test
    void aWriterThatIsStuckDelaysNobody() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        OutputStream blocking = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                try {
                    stuck.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        };
        EventLog slow = new EventLog(blocking, CLOCK);
        slow.start();
        for (int i = 0; i < QUEUE + 100; i++) {
            slow.queue(slow.event("call"));
        }
        assertThat(slow.lost()).isBetween(90L, 100L);
        stuck.countDown();
        slow.stop();
    }

    @Test
    void aBrokenStreamHurtsNobody() {
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        EventLog deaf = new EventLog(broken, CLOCK);
        deaf.start();
        for (int i = 0; i < 5; i++) {
            deaf.queue(deaf.event("call"));
        }
        await().until(() -> deaf.lost() == 5);
        deaf.stop();
    }

    @Test
    void aFullDiskIsTriedAgainAndWhatWasLostIsTold() {
        AtomicBoolean full = new AtomicBoolean(true);
        OutputStream disk = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                if (full.get()) {
                    throw new IOException("No space left on device");
                }
                out.write(b);
            }
        };
        EventLog patient = new EventLog(disk, CLOCK);
        patient.start();
        patient.queue(patient.event("call"));
        patient.queue(patient.event("call"));
        await().until(() -> patient.lost() == 2);
        full.set(false);
        await().until(() -> out.toString(StandardCharsets.UTF_8).contains("\n"));
        patient.stop();

        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualTo("{\"time\":\"2026-11-01T12:00:00.123Z\",\"event\":\"log\",\"suppressed\":2,"
                        + "\"reason\":\"the log could not be written fast enough\"}\n");
    }

    /** A mistake of ours in one event must not cost all that come after it. */
    @Test
    void anEventThatCannotBePutIntoTextIsLostAlone() {
        Map<String, Object> mistake = log.event("call");
        mistake.put("reason", new Object());
        log.queue(mistake);
        log.queue(log.event("next"));

        assertThat(written()).contains("\"event\":\"next\"");
        assertThat(log.lost()).isEqualTo(1);
    }

    @Test
    void closesWhereItWasToGoAndNeverWent() throws Exception {
        Recorder journal = new Recorder(new CopyOnWriteArrayList<>(), new AtomicBoolean());
        EventLog moved = new EventLog(out, () -> journal, CLOCK);
        moved.follow(toFile(Path.of(LogPolicy.JOURNALD)));
        moved.follow(WORDS);
        moved.queue(moved.event("call"));
        moved.start();
        moved.stop();

        assertThat(journal.closed()).isTrue();
        assertThat(out.toString(StandardCharsets.UTF_8)).endsWith(" call\n");
    }

    @Test
    void appendsToAFileThatOthersMayNotRead(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("rpcward.log");
        log.start();
        log.follow(toFile(file));
        log.queue(log.event("call"));
        await().until(() -> Files.size(file) > 0);
        log.stop();

        assertThat(Files.readString(file)).endsWith("\"event\":\"call\"}\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .startsWith("rw-")
                .endsWith("---");
        assertThat(out.size()).isZero();
    }

    @Test
    void reopensTheFileForWhoeverMovedTheOldOneAway(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("rpcward.log");
        Path old = directory.resolve("rpcward.log.1");
        log.start();
        log.follow(toFile(file));
        log.queue(log.event("first"));
        await().until(() -> Files.size(file) > 0);
        Files.move(file, old);
        log.reopen();
        log.queue(log.event("second"));
        await().until(() -> Files.size(file) > 0);
        log.stop();

        assertThat(Files.readString(old)).contains("first").doesNotContain("second");
        assertThat(Files.readString(file)).contains("second").doesNotContain("first");
    }

    @Test
    void staysWhereItIsWhenItCannotGoElsewhere(@TempDir Path directory) {
        assertThatThrownBy(() -> log.follow(toFile(directory.resolve("missing/rpcward.log"))))
                .isInstanceOf(IOException.class)
                .hasMessage("there is no directory " + directory.resolve("missing"));
        assertThatThrownBy(() -> log.follow(toFile(directory)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no regular file");
        assertThatThrownBy(() -> log.follow(toFile(Path.of(LogPolicy.JOURNALD))))
                .hasMessage("no journal here");
        log.queue(log.event("call"));

        assertThat(written()).contains("call");
    }

    @Test
    void theJournalHasAFieldForEachKey() throws Exception {
        List<String> entries = new CopyOnWriteArrayList<>();
        EventLog journal = new EventLog(out, () -> new Recorder(entries, new AtomicBoolean()), CLOCK);
        journal.follow(toFile(Path.of(LogPolicy.JOURNALD)));
        Map<String, Object> event = journal.event("call");
        event.put("program", new LinkedHashMap<>(Map.of("name", "nfs")));
        event.put("rule", "nfs clients\nPRIORITY=0");
        event.put("a-b", 7);
        journal.queue(event);
        journal.start();
        journal.stop();

        assertThat(entries).containsExactly("""
                        MESSAGE=call program=nfs rule="nfs clients\\nPRIORITY=0" a-b=7
                        PRIORITY=6
                        SYSLOG_IDENTIFIER=rpcward
                        RPCWARD_TIME=2026-11-01T12:00:00.123Z
                        RPCWARD_EVENT=call
                        RPCWARD_PROGRAM_NAME=nfs
                        RPCWARD_RULE=nfs clients\\nPRIORITY=0
                        RPCWARD_A_B=7
                        """);
    }

    private record Recorder(List<String> entries, AtomicBoolean isClosed) implements Journal {
        boolean closed() {
            return isClosed.get();
        }

        @Override
        public void send(byte[] datagram) {
            entries.add(new String(datagram, StandardCharsets.UTF_8));
        }

        @Override
        public void close() {
            isClosed.set(true);
        }
    }

    private static LogPolicy toFile(Path file) {
        return new LogPolicy(LogPolicy.Format.JSON, file.toString(), 1000, Duration.ofSeconds(10));
    }

    private String written() {
        log.start();
        log.stop();
        return out.toString(StandardCharsets.UTF_8);
    }
}

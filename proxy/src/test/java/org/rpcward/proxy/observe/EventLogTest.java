package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.LogPolicy;

class EventLogTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-01T12:00:00.123456Z"));
    private static final int QUEUE = 8192;

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
        log.write(event);

        assertThat(written())
                .isEqualTo("{\"time\":\"2026-11-01T12:00:00.123Z\",\"event\":\"call\","
                        + "\"program\":{\"name\":\"nfs\",\"number\":100003},\"suppressed\":0,\"served\":true}\n");
    }

    @Test
    void escapesWhateverATerminalOrAPageCouldActOn() {
        Map<String, Object> event = log.event("call");
        event.put("reason", "a\"b\\c\nd\u001b[31m\u0000\u007f\u009b\u2028\u202e\u00e9\ud83d\ude00");
        log.write(event);

        assertThat(written())
                .endsWith(
                        ",\"reason\":\"a\\\"b\\\\c\\nd\\u001B[31m\\u0000\\u007F\\u009B\\u2028\\u202E\\u00E9\\uD83D\\uDE00\"}\n")
                .matches("[ -~]+\n");
    }

    @Test
    void escapesTheNamesOfFieldsToo() {
        Map<String, Object> event = log.event("call");
        event.put("a\"\n\u001b", "x");
        log.write(event);

        assertThat(written()).endsWith(",\"a\\\"\\n\\u001B\":\"x\"}\n");
    }

    @Test
    void writesAnEventAsWords() {
        log.format(LogPolicy.Format.TEXT);
        Map<String, Object> event = log.event("call");
        Map<String, Object> program = new LinkedHashMap<>();
        program.put("name", "nfs");
        program.put("number", 100_003L);
        event.put("source", "192.0.2.7");
        event.put("program", program);
        event.put("rule", "nfs clients find nfs");
        event.put("reason", "");
        event.put("suppressed", 3);
        log.write(event);

        assertThat(written())
                .isEqualTo("2026-11-01T12:00:00.123Z call source=192.0.2.7 program=nfs/100003"
                        + " rule=\"nfs clients find nfs\" reason=\"\" suppressed=3\n");
    }

    @Test
    void escapesInWordsToo() {
        log.format(LogPolicy.Format.TEXT);
        for (String text :
                new String[] {"a\"b", "a=b", "a\nb", "\u001b[31m", "\u007f", "\u009b", "\u202e", "caf\u00e9"}) {
            Map<String, Object> event = log.event("call");
            event.put("reason", text);
            log.write(event);
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
            log.write(event);
        }
        assertThat(log.lost()).isEqualTo(10);

        assertThat(written().lines()).hasSize(QUEUE).last().asString().contains("\"number\":8191}");
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
            slow.write(slow.event("call"));
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
        deaf.write(deaf.event("call"));
        await().until(() -> deaf.lost() == 1);
        for (int i = 0; i < QUEUE + 5; i++) {
            deaf.write(deaf.event("call"));
        }
        assertThat(deaf.lost()).isEqualTo(6);
        deaf.stop();
    }

    private String written() {
        log.start();
        log.stop();
        return out.toString(StandardCharsets.UTF_8);
    }
}

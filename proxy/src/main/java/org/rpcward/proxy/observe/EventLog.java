package org.rpcward.proxy.observe;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LogPolicy;

/**
 * The log: one event a line. Writing is the work of one thread with a bounded queue before it, so that a slow disk or a
 * full pipe delays nobody; what does not fit is left out and counted.
 */
public final class EventLog {
    private static final int QUEUE = 8192;
    private static final Duration PATIENCE_AT_END = Duration.ofSeconds(2);

    private static final int DELETE = 0x7f;

    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .characterEscapes(new Escapes())
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build();

    private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(QUEUE);
    private final LongAdder lost = new LongAdder();
    private final OutputStream out;
    private final InstantSource clock;
    private final Thread writer = new Thread(this::writeAll, "rpcward-log");
    private volatile LogPolicy.Format format = LogPolicy.Format.JSON;
    private volatile boolean closing;

    /** @param out where the lines go, UTF-8; not closed */
    public EventLog(OutputStream out, InstantSource clock) {
        this.out = out;
        this.clock = clock;
        writer.setDaemon(true);
    }

    public void start() {
        writer.start();
    }

    public void format(LogPolicy.Format newFormat) {
        format = newFormat;
    }

    /** An event with its time; its fields keep their order. Values are strings, numbers, booleans or maps of these. */
    public Map<String, Object> event(String name) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
        event.put("event", name);
        return event;
    }

    /** Queues an event. Never waits. */
    public void write(Map<String, Object> event) {
        String line = format == LogPolicy.Format.JSON ? json(event) : text(event);
        if (!queue.offer(line)) {
            lost.increment();
        }
    }

    /** How many lines did not fit into the queue. */
    public long lost() {
        return lost.sum();
    }

    private static String json(Map<String, Object> event) {
        StringWriter line = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(line)) {
            writeMap(generator, event);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return line.append('\n').toString();
    }

    private static void writeMap(JsonGenerator generator, Map<?, ?> map) throws IOException {
        generator.writeStartObject();
        for (Map.Entry<?, ?> field : map.entrySet()) {
            generator.writeFieldName(String.valueOf(field.getKey()));
            if (field.getValue() instanceof Map<?, ?> inner) {
                writeMap(generator, inner);
            } else {
                generator.writePOJO(field.getValue());
            }
        }
        generator.writeEndObject();
    }

    /** {@code time event key=value ...}, with values that are no plain words in quotes. */
    private static String text(Map<String, Object> event) {
        StringBuilder line = new StringBuilder();
        for (Map.Entry<String, Object> field : event.entrySet()) {
            if (!line.isEmpty()) {
                line.append(' ');
            }
            if (line.isEmpty() || field.getKey().equals("event")) {
                line.append(field.getValue());
            } else {
                line.append(field.getKey()).append('=').append(textValue(field.getValue()));
            }
        }
        return line.append('\n').toString();
    }

    private static String textValue(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            StringBuilder joined = new StringBuilder();
            map.values().forEach(v -> joined.append(joined.isEmpty() ? "" : "/").append(v));
            return textValue(joined.toString());
        }
        String text = String.valueOf(value);
        boolean plain = !text.isEmpty() && text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '"' && c != '=');
        return plain ? text : quoted(text);
    }

    /** A JSON string, which has no character in it that a terminal would act on. */
    private static String quoted(String text) {
        StringWriter quoted = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(quoted)) {
            generator.writeString(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return quoted.toString();
    }

    /** JSON asks for escapes of the control characters before the space; DEL is one too. */
    private static final class Escapes extends CharacterEscapes {
        private final int[] codes = standardAsciiEscapesForJSON();

        Escapes() {
            codes[DELETE] = ESCAPE_STANDARD;
        }

        @Override
        public int[] getEscapeCodesForAscii() {
            return codes.clone();
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int character) {
            return null;
        }
    }

    private void writeAll() {
        try {
            while (true) {
                String line = queue.poll(100, TimeUnit.MILLISECONDS);
                if (line != null) {
                    out.write(line.getBytes(StandardCharsets.UTF_8));
                    if (queue.isEmpty()) {
                        out.flush();
                    }
                } else if (closing) {
                    return;
                }
            }
        } catch (IOException e) {
            // Nobody reads any more. The proxy goes on without a log rather than not at all; what is lost is counted.
            lost.increment();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Writes what is queued, for a moment, and ends. */
    public void stop() {
        closing = true;
        try {
            writer.join(PATIENCE_AT_END.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package org.rpcward.proxy.observe;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Events as text, in which nothing is left that a terminal, a pager or a page would act on. */
final class EventText {
    private static final int DELETE = 0x7f;

    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .characterEscapes(new Escapes())
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build();

    private EventText() {}

    /** One object on one line, without the end of the line. */
    static String json(Map<String, Object> event) {
        StringWriter line = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(line)) {
            writeMap(generator, event);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return line.toString();
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
    static String words(Map<String, Object> event) {
        return event.get("time") + " " + wordsWithoutTime(event);
    }

    /** {@code event key=value ...} */
    static String wordsWithoutTime(Map<String, Object> event) {
        StringBuilder line = new StringBuilder();
        for (Map.Entry<String, Object> field : event.entrySet()) {
            switch (field.getKey()) {
                case "time" -> {}
                case "event" -> line.append(field.getValue());
                default -> line.append(' ').append(field.getKey()).append('=').append(word(field.getValue()));
            }
        }
        return line.toString();
    }

    /** A value as one word: in quotes unless it is plain. A program is its name and number with a slash between. */
    static String word(@Nullable Object value) {
        String text = plain(value);
        boolean isPlain = !text.isEmpty() && text.chars().allMatch(c -> c > ' ' && c < DELETE && c != '"' && c != '=');
        return isPlain ? text : quoted(text);
    }

    private static String plain(@Nullable Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            return String.valueOf(value);
        }
        StringBuilder joined = new StringBuilder();
        map.values().forEach(v -> joined.append(joined.isEmpty() ? "" : "/").append(v));
        return joined.toString();
    }

    /** A JSON string. */
    private static String quoted(String text) {
        StringWriter quoted = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(quoted)) {
            generator.writeString(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return quoted.toString();
    }

    /** What stands between the quotes of a JSON string: printable, and on one line. */
    static String escaped(@Nullable Object value) {
        String quoted = quoted(String.valueOf(value));
        return quoted.substring(1, quoted.length() - 1);
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
}

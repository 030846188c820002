package org.rpcward.proxy.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import org.rpcward.policy.yaml.Key;
import org.rpcward.policy.yaml.Keys;
import org.rpcward.policy.yaml.Section;

/**
 * Writes the JSON Schema (draft 2020-12) of policies, for editors: names of keys, kinds of values, bounds, words and what
 * each is for, from the same table that the loader reads by. What only the loader can know, such as whether a group is
 * defined, is not in it.
 */
final class PolicySchema {
    private static final String DRAFT = "https://json-schema.org/draft/2020-12/schema";
    private static final String TIME = "^[0-9]+(ms|s|m|h|d)$";
    private static final String SIZE = "^[0-9]+(B|KiB|MiB)$";
    private static final String RATE = "^[0-9]+(B|KiB|MiB)?/(s|min|h)$";

    private final JsonGenerator json;

    private PolicySchema(JsonGenerator json) {
        this.json = json;
    }

    static void write(Writer out) throws IOException {
        try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
            json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("$schema", DRAFT);
            json.writeStringField("title", "rpcward policy");
            new PolicySchema(json).object(Keys.TOP);
            json.writeEndObject();
        }
    }

    /** The fields that describe a mapping with the keys of a section. */
    private void object(Section section) throws IOException {
        json.writeStringField("type", "object");
        json.writeBooleanField("additionalProperties", false);
        List<String> required =
                section.keys().stream().filter(Key::required).map(Key::name).toList();
        if (!required.isEmpty()) {
            json.writeFieldName("required");
            strings(required);
        }
        json.writeObjectFieldStart("properties");
        for (Key key : section.keys()) {
            json.writeObjectFieldStart(key.name());
            json.writeStringField("description", key.about());
            value(section, key);
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private void value(Section section, Key key) throws IOException {
        switch (key.kind()) {
            case MAP, LIST -> insteadOf(key, () -> inner(section, key));
            case TEXT -> scalar(List.of(), false);
            case TEXTS, WORDS -> oneOrMore(key.words(), section.equals(Keys.RULE) || section.equals(Keys.NOT));
            case WORD -> scalar(key.words(), false);
            case COUNT -> insteadOf(key, () -> bounded("integer", key.least(), key.most()));
            case FACTOR -> bounded("number", key.least() / 1000.0, key.most() / 1000.0);
            case DURATION -> pattern(TIME);
            case SIZE -> pattern(SIZE);
            case RATE -> pattern(RATE);
            case AMOUNT -> amount();
        }
    }

    /** A value, or one of the words that may stand in its place. */
    private void insteadOf(Key key, Part value) throws IOException {
        if (key.words().isEmpty()) {
            value.write();
            return;
        }
        json.writeArrayFieldStart("anyOf");
        json.writeStartObject();
        value.write();
        json.writeEndObject();
        json.writeStartObject();
        scalar(key.words(), false);
        json.writeEndObject();
        json.writeEndArray();
    }

    private void amount() throws IOException {
        json.writeArrayFieldStart("anyOf");
        json.writeStartObject();
        bounded("integer", 1, Integer.MAX_VALUE);
        json.writeEndObject();
        json.writeStartObject();
        pattern(SIZE);
        json.writeEndObject();
        json.writeEndArray();
    }

    /** What stands below a key that holds mappings or lists. */
    private void inner(Section section, Key key) throws IOException {
        switch (section.name() + "/" + key.name()) {
            case "a policy/listeners" -> named(() -> object(Keys.LISTENER));
            case "a policy/backends" -> named(() -> object(Keys.BACKEND));
            case "a policy/views" -> named(() -> object(Keys.VIEW));
            case "a policy/limits" -> named(() -> object(Keys.LIMIT));
            case "a limit/prefix" -> object(Keys.PREFIX);
            case "a policy/enumeration" -> object(Keys.ENUMERATION);
            case "a policy/bans" -> object(Keys.BANS);
            case "a policy/programs" -> named(() -> oneOrMore(List.of(), false));
            case "a policy/groups" -> named(this::group);
            case "a policy/rules" -> list(() -> object(Keys.RULE));
            case "a policy/amplification" -> object(Keys.AMPLIFICATION);
            case "a policy/log" -> object(Keys.LOG);
            case "a policy/admin" -> object(Keys.ADMIN);
            case "log/deny" -> object(Keys.DENY);
            case "a listener/tcp" -> object(Keys.TCP);
            case "a backend/health" -> object(Keys.HEALTH);
            case "a backend/registry", "a backend/pins" -> list(() -> object(Keys.ROW));
            case "a backend/expect" -> list(() -> object(Keys.EXPECTATION));
            case "a rule/not" -> object(Keys.NOT);
            default ->
                throw new IllegalStateException("nothing is known of section=" + section.name() + " key=" + key.name());
        }
    }

    private interface Part {
        void write() throws IOException;
    }

    private void named(Part each) throws IOException {
        json.writeStringField("type", "object");
        json.writeObjectFieldStart("additionalProperties");
        each.write();
        json.writeEndObject();
    }

    private void list(Part each) throws IOException {
        json.writeStringField("type", "array");
        json.writeObjectFieldStart("items");
        each.write();
        json.writeEndObject();
    }

    private void group() throws IOException {
        json.writeArrayFieldStart("anyOf");
        json.writeStartObject();
        oneOrMore(List.of(), false);
        json.writeEndObject();
        json.writeStartObject();
        object(Keys.GROUP);
        json.writeEndObject();
        json.writeEndArray();
    }

    private void oneOrMore(List<String> words, boolean orAny) throws IOException {
        json.writeArrayFieldStart("anyOf");
        json.writeStartObject();
        scalar(words, orAny);
        json.writeEndObject();
        json.writeStartObject();
        list(() -> scalar(words, orAny));
        json.writeEndObject();
        json.writeEndArray();
    }

    /** YAML makes numbers of what looks like one, null of the procedure NULL, and some of it false of off. */
    private void scalar(List<String> words, boolean orAny) throws IOException {
        if (words.isEmpty()) {
            json.writeFieldName("type");
            strings(List.of("string", "integer", "null"));
            return;
        }
        json.writeArrayFieldStart("enum");
        for (String word : words) {
            json.writeString(word);
            if (word.chars().allMatch(Character::isDigit)) {
                json.writeNumber(Integer.parseInt(word));
            } else if (word.equals("off")) {
                json.writeBoolean(false);
            }
        }
        if (orAny) {
            json.writeString("any");
        }
        json.writeEndArray();
    }

    private void bounded(String type, Number least, Number most) throws IOException {
        json.writeStringField("type", type);
        json.writeFieldName("minimum");
        json.writePOJO(least);
        json.writeFieldName("maximum");
        json.writePOJO(most);
    }

    private void pattern(String pattern) throws IOException {
        json.writeStringField("type", "string");
        json.writeStringField("pattern", pattern);
    }

    private void strings(List<String> values) throws IOException {
        json.writeStartArray();
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }
}

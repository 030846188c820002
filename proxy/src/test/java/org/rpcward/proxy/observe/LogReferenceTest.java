package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pages say of the log what the code does. That nothing else is written, {@link EventLog#write} sees in every test. */
class LogReferenceTest {
    private static final Path DOCS = Path.of("../docs");
    private static final Pattern TABLE =
            Pattern.compile("\\| event \\| keys, besides `time` and `event` \\|\n\\|---\\|---\\|\n((?:\\|.*\n)+)");
    private static final Pattern NUMBERS = Pattern.compile("Numbers are ([^.]*)\\.");

    @Test
    void thePageHasEachEventWithItsKeys() throws IOException {
        Matcher table = TABLE.matcher(page("operation.md"));
        assertThat(table.find()).isTrue();
        assertThat(table.group(1).lines())
                .containsExactlyElementsOf(Stream.of(LogEvent.values())
                        .map(event -> "| `" + event.word() + "` | " + keys(event) + " |")
                        .toList());
    }

    private static String keys(LogEvent event) {
        return event == LogEvent.STOP
                ? "totals of what was counted"
                : String.join(
                        ", ", event.keys().stream().map(key -> "`" + key + "`").toList());
    }

    @Test
    void thePageHasEachKeyThatIsANumber() throws IOException {
        Matcher numbers = NUMBERS.matcher(page("operation.md"));
        assertThat(numbers.find()).isTrue();
        assertThat(Pattern.compile("`([a-z_]+)`").matcher(numbers.group(1)).results())
                .extracting(found -> found.group(1))
                .containsExactlyElementsOf(new TreeSet<>(LogEvent.NUMBERS));
    }

    @Test
    void theExamplesAreEvents() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> events = new ArrayList<>();
        for (String page : List.of("operation.md", "floods.md", "../README.md")) {
            for (String example : examples(page(page))) {
                Map<String, Object> event = json.readValue(example, new TypeReference<>() {});
                assertThat(LogEvent.flawOf(event)).as(example).isEmpty();
                events.add(String.valueOf(event.get("event")));
            }
        }
        assertThat(events)
                .contains("start", "call", "suppressed", "registry", "ban", "unban", "enumeration", "overload");
    }

    /** Long ones are folded. */
    private static List<String> examples(String page) {
        List<String> examples = new ArrayList<>();
        StringBuilder example = new StringBuilder();
        for (String line : page.lines().toList()) {
            if (line.startsWith("{\"time\":") || !example.isEmpty()) {
                example.append(line);
                if (line.endsWith("}")) {
                    examples.add(example.toString());
                    example.setLength(0);
                }
            }
        }
        return examples;
    }

    @ParameterizedTest
    @CsvSource({
        "kernel, reason, text, ''",
        "kernel, level, text, kernel has no such level=text",
        "kernel, reason, 7, kernel has no such reason=7",
        "overload, level, 7, ''",
        "overload, level, text, overload has no such level=text",
        "stop, whatever, 7, ''",
        "stop, whatever, text, stop has no such whatever=text",
        "news, reason, text, 'no such event: {time=now, event=news, reason=text}'",
    })
    void whatIsNoEventIsSeen(String event, String key, String value, String flaw) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("time", "now");
        fields.put("event", event);
        fields.put(key, value.matches("[0-9]+") ? Integer.valueOf(value) : value);
        assertThat(LogEvent.flawOf(fields).orElse("")).isEqualTo(flaw);
    }

    private static String page(String name) throws IOException {
        return Files.readString(DOCS.resolve(name));
    }
}

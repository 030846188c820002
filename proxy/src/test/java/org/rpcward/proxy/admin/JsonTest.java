package org.rpcward.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonTest {
    record Inner(int manyWords) {}

    record Outer(
            String name,
            Inner inner,
            List<Inner> list,
            Map<String, Object> map,
            @Nullable Object none,
            double part) {}

    @Test
    void aRecordIsAnObject() throws IOException {
        Outer outer = new Outer("x", new Inner(1), List.of(new Inner(2)), Map.of("k", true), null, 0.5);
        String text = "{\"name\":\"x\",\"inner\":{\"many_words\":1},\"list\":[{\"many_words\":2}],\"map\":{\"k\":true},"
                + "\"none\":null,\"part\":0.5}";
        assertThat(Json.text(outer)).isEqualTo(text);
        assertThat(Json.object(text)).containsEntry("name", "x").containsEntry("inner", Map.of("many_words", 1L));
    }

    @Test
    void nothingButPrintableAsciiIsWritten() throws IOException {
        String hostile = "\u001b[2J\u0000\u007f\u202e\u2028\ud83d\ude00\"\\</script>\n";
        String text = Json.text(Map.of("k", hostile));
        assertThat(text).matches("[ -~]*");
        assertThat(Json.object(text)).containsEntry("k", hostile);
    }

    @Test
    void whatIsNoObjectIsRefused() {
        for (String text : List.of("", "[]", "{", "{} {}", "{\"a\":".repeat(100))) {
            assertThatThrownBy(() -> Json.object(text)).isInstanceOf(IOException.class);
        }
    }
}

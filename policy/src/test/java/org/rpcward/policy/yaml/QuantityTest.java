package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
    @ParameterizedTest
    @CsvSource({
        "250ms, 250",
        "30s, 30000",
        "10m, 600000",
        "24h, 86400000",
        "7d, 604800000",
        "0s, 0",
        "999999999d, 86399999913600000"
    })
    void readsTimes(String text, long millis) {
        assertThat(Quantity.parseDuration(text)).isEqualTo(millis);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "s", "30", "30 s", " 30s", "30S", "30sec", "1.5s", "-1s", "1h30m", "9999999999s", "\u0663s"})
    void rejectsOtherTimes(String text) {
        assertThat(Quantity.parseDuration(text)).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({"512B, 512", "2KiB, 2048", "1MiB, 1048576"})
    void readsSizes(String text, long bytes) {
        assertThat(Quantity.parseSize(text)).isEqualTo(bytes);
        assertThat(Quantity.size(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "512", "2K", "2KB", "2kib", "2 KiB", "1GiB", "-1B"})
    void rejectsOtherSizes(String text) {
        assertThat(Quantity.parseSize(text)).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({
        "50/s, 50, PT1S, false",
        "10/min, 10, PT1M, false",
        "3/h, 3, PT1H, false",
        "0/s, 0, PT1S, false",
        "20KiB/s, 20480, PT1S, true",
        "1B/h, 1, PT1H, true"
    })
    void readsRates(String text, long tokens, Duration period, boolean bytes) {
        assertThat(Quantity.parseRate(text)).isEqualTo(new Quantity.Rate(tokens, period, bytes));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "/", "50", "50/", "/s", "50/d", "50 /s", "-1/s", "1.5/s", "50/S", "5k/s", "5/s/s", "05/s"})
    void rejectsOtherRates(String text) {
        assertThat(Quantity.parseRate(text)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "50/sec, 50/s",
        "10/m, 10/min",
        "10 / Minute, 10/min",
        "5 per hour, 5/h",
        "20kb/s, 20KiB/s",
        "8 bytes/s, 8B/s"
    })
    void guessesRates(String text, String meant) {
        assertThat(Quantity.meantRate(text)).isEqualTo(meant);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "50", "many/s", "5/fortnight", "5 apples/s"})
    void guessesNoOtherRates(String text) {
        assertThat(Quantity.meantRate(text)).isNull();
    }

    @ParameterizedTest
    @CsvSource({"1, 1000", "1.0, 1000", "0.5, 500", "100.125, 100125", "4.04, 4040"})
    void readsFactors(String text, long thousandths) {
        assertThat(Quantity.parseFactor(text)).isEqualTo(thousandths);
        assertThat(Quantity.parseFactor(Quantity.factor(thousandths))).isEqualTo(thousandths);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1.", ".5", "1e3", "1,5", "1x", "1.0005", "NaN"})
    void rejectsOtherFactors(String text) {
        assertThat(Quantity.parseFactor(text)).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+1", "01", "0x1", "1_000", "1 ", "1.0", "9999999999999", "\u0661"})
    void rejectsOtherNumbers(String text) {
        assertThat(Quantity.parseCount(text)).isEqualTo(-1);
    }

    @Test
    void guessesTheUnit() {
        assertThat(Quantity.meantDuration("15")).isEqualTo("15s");
        assertThat(Quantity.meantDuration("15 Minutes")).isEqualTo("15m");
        assertThat(Quantity.meantDuration("1.5s")).isNull();
        assertThat(Quantity.meantDuration("3y")).isNull();
        assertThat(Quantity.meantSize("4096")).isEqualTo("4096B");
        assertThat(Quantity.meantSize("4kb")).isEqualTo("4KiB");
        assertThat(Quantity.meantSize("4 parsecs")).isNull();
    }

    @Test
    void guessesWordsThatAreNear() {
        List<String> words = List.of("getport", "getaddr", "dump", "any");
        assertThat(Spelling.nearest("GETPROT", words)).isEqualTo("getport");
        assertThat(Spelling.nearest("getadr", words)).isEqualTo("getaddr");
        assertThat(Spelling.nearest("dmup", words)).isEqualTo("dump");
        assertThat(Spelling.nearest("pmud", words)).isNull();
        assertThat(Spelling.nearest("an", words)).isNull();
        assertThat(Spelling.nearest("", words)).isNull();
        assertThat(Spelling.nearest("x".repeat(1000), words)).isNull();
        assertThat(Spelling.distance("abcdef", "abcdef")).isZero();
        assertThat(Spelling.distance("ab", "ba")).isEqualTo(1);
        assertThat(Spelling.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(Spelling.distance("", "abc")).isEqualTo(3);
    }
}

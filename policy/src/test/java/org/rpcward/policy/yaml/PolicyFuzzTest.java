package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the bytes, there is a policy or an error, soon, and nothing is thrown. */
class PolicyFuzzTest {
    /** Of a processor, since machines that test are busy; far above what any of them takes. */
    private static final long SLOWEST_MILLIS = 20_000;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** What tends to upset readers of YAML, of numbers and of addresses. */
    private static final List<String> UPSETTING = List.of(
            "\n",
            "\t",
            "\r",
            ":",
            ": ",
            "- ",
            "? ",
            "[",
            "]",
            "{",
            "}",
            "\"",
            "'",
            "#",
            "&a ",
            "*a",
            "!!",
            "!",
            "|",
            ">",
            "%",
            "@",
            "`",
            "---\n",
            "...\n",
            "<<: ",
            "\\x",
            "\\u0000",
            "~",
            "null",
            "::",
            "/",
            "0x",
            "-1",
            "99999999999999999999",
            "\u0000",
            "\u0085",
            "\u2028",
            "\ufeff",
            "\ud83d\ude00",
            "any",
            ", ");

    static List<Path> policies() {
        return Stream.of(TestFiles.EXAMPLES, TestFiles.GOOD, TestFiles.BROKEN)
                .flatMap(d -> TestFiles.policiesIn(d).stream())
                .toList();
    }

    private static void read(byte[] bytes) {
        long begin = THREADS.getCurrentThreadCpuTime();
        LoadResult result = PolicyLoader.load("policy.yaml", bytes, path -> GroupFiles.Content.of(bytes));
        String report = ProblemReport.text(result.problems());
        long millis = (THREADS.getCurrentThreadCpuTime() - begin) / 1_000_000;
        assertThat(report.codePoints().allMatch(c -> c == '\n' || PlainText.isPlain(c)))
                .isTrue();
        assertThat(ProblemReport.github(result.problems()).lines()).hasSameSizeAs(result.problems());
        assertThat(millis).as("%s", new String(bytes, StandardCharsets.UTF_8)).isLessThan(SLOWEST_MILLIS);
    }

    static List<Path> examples() {
        return TestFiles.policiesIn(TestFiles.EXAMPLES);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void readsEveryBeginningOfAPolicy(Path policy) {
        byte[] bytes = TestFiles.bytes(policy);
        for (int length = 0; length <= bytes.length; length++) {
            read(Arrays.copyOf(bytes, length));
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void readsPoliciesWithDamage(Path policy) {
        byte[] bytes = TestFiles.bytes(policy);
        Random random = new Random(policy.toString().length());
        int rounds = policy.startsWith(TestFiles.BROKEN) ? 40 : 1000;
        for (int i = 0; i < rounds; i++) {
            byte[] damaged = bytes.clone();
            for (int n = 1 + random.nextInt(4); n > 0 && damaged.length > 0; n--) {
                int at = random.nextInt(damaged.length);
                damaged = random.nextInt(3) == 0 ? flipped(damaged, at, random) : spliced(damaged, at, random);
            }
            read(damaged);
        }
    }

    private static byte[] flipped(byte[] bytes, int at, Random random) {
        bytes[at] = (byte) (bytes[at] ^ 1 << random.nextInt(8));
        return bytes;
    }

    /** Puts something in place of up to eight bytes. */
    private static byte[] spliced(byte[] bytes, int at, Random random) {
        byte[] put = UPSETTING.get(random.nextInt(UPSETTING.size())).getBytes(StandardCharsets.UTF_8);
        int after = Math.min(bytes.length, at + random.nextInt(9));
        byte[] out = Arrays.copyOf(bytes, at + put.length + bytes.length - after);
        System.arraycopy(put, 0, out, at, put.length);
        System.arraycopy(bytes, after, out, at + put.length, bytes.length - after);
        return out;
    }

    @Test
    void readsLargeNonsenseSoon() {
        for (String unit : List.of(
                "[",
                "- ",
                "a: ",
                "? ",
                "a: b\n",
                "- a\n",
                "\"",
                "&a",
                "*a ",
                "%",
                "{a,",
                "\n",
                "rules: [",
                "\\",
                "[::1, ",
                "\u2028")) {
            int times = PolicyLoader.LONGEST_POLICY / unit.getBytes(StandardCharsets.UTF_8).length;
            read(unit.repeat(times).getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void refusesMoreThanItReads() {
        byte[] bytes = "#".repeat(PolicyLoader.LONGEST_POLICY + 1).getBytes(StandardCharsets.UTF_8);
        assertThat(ProblemReport.text(
                        PolicyLoader.load("policy.yaml", bytes, GroupFiles.NONE).problems()))
                .isEqualTo("""
                        policy.yaml:1:1: error[E102]: the file is longer than 1 MiB, which is the most that is read
                        """);
    }

    @FuzzTest
    void anyTextIsReadOrRejected(byte[] data) {
        read(data);
    }
}
